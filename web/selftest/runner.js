// Runs the steps one after the other. Whatever a step does, throws or waits
// for, the run comes to its end with one result per step.

import { overdue, skipped, unexpected } from "./outcomes.js";

/** @typedef {import("./outcomes.js").Result} Result */
/** @typedef {{ id: string, needs: readonly string[], essential: boolean, seconds: number }} PlannedStep */

/**
 * @template Context
 * @typedef {(context: Context) => Promise<Result>} Step
 */

/**
 * @template Context
 * @param {object} options
 * @param {readonly PlannedStep[]} options.plan
 * @param {Record<string, Step<Context>>} options.steps
 * @param {Context} options.context
 * @param {(id: string) => void} options.onStart
 * @param {(result: Result) => void} options.onResult
 * @returns {Promise<Result[]>}
 */
export async function runSteps({ plan, steps, context, onStart, onResult }) {
  /** @type {Map<string, Result>} */
  const results = new Map();
  for (const planned of plan) {
    const blocked = planned.needs.some((id) => {
      const state = results.get(id)?.state;
      return state === "failed" || state === "skipped";
    });
    let result = skipped(planned.id);
    if (!blocked) {
      onStart(planned.id);
      result = await runOne(planned, steps[planned.id], context);
    }
    results.set(planned.id, result);
    onResult(result);
  }
  return [...results.values()];
}

/**
 * @template Context
 * @param {PlannedStep} planned
 * @param {Step<Context> | undefined} step
 * @param {Context} context
 * @returns {Promise<Result>}
 */
async function runOne({ id, essential, seconds }, step, context) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  /** @type {Promise<Result>} */
  const deadline = new Promise((resolve) => {
    timer = setTimeout(() => resolve(overdue(id, essential, seconds)), seconds * 1000);
  });
  try {
    if (!step) throw new Error("this step is missing");
    return await Promise.race([step(context), deadline]);
  } catch (error) {
    return unexpected(id, essential, error);
  } finally {
    clearTimeout(timer);
  }
}
