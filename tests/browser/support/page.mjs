// One small face for pages of different browsers.

/**
 * @typedef {{
 *   name: string,
 *   goto(url: string): Promise<void>,
 *   evaluate<R, A>(body: (argument: A) => R, argument?: A): Promise<Awaited<R>>,
 *   click(selector: string): Promise<void>,
 *   errors: string[],
 *   close(): Promise<void>,
 * }} Page `errors`: what the page's console complained of
 */

export {};
