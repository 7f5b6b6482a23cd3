/* ES5. For browsers that cannot run the test itself: says so instead of leaving a button that does nothing. */
(function () {
  "use strict";

  /** @param {string} id */
  function part(id) {
    return /** @type {HTMLElement} */ (document.getElementById(id));
  }

  /**
   * @param {string} className
   * @param {string} text
   */
  function line(className, text) {
    var made = document.createElement("p");
    made.className = className;
    made.textContent = text;
    return made;
  }

  /** @param {string} key */
  function say(key) {
    /** @type {{ [key: string]: string }} */
    var strings = {};
    try {
      strings = JSON.parse(part("strings").textContent || "{}");
    } catch (error) {
      // The words below are what is left.
    }
    var verdict = part("selftest-verdict");
    document.body.setAttribute("data-state", "failed");
    verdict.removeAttribute("hidden");
    verdict.className = "selftest-verdict failed";
    verdict.appendChild(line("selftest-headline", strings["selftest.verdict.failed"] || "This device will not work yet."));
    verdict.appendChild(line("", strings[key] || "This browser cannot run the test."));
    part("selftest-report").textContent =
      "localcamera self-test\nverdict: failed - " + key + "\nuser_agent: " + navigator.userAgent;
    part("selftest-result").removeAttribute("hidden");
    part("selftest-copy").setAttribute("hidden", "");
  }

  if (!("noModule" in document.createElement("script"))) {
    say("selftest.too_old");
    return;
  }
  // Modules with syntax that the engine cannot read fail without a word: the
  // only sign is that nothing has begun when the page has long been there.
  window.addEventListener("load", function () {
    setTimeout(function () {
      if (!document.body.hasAttribute("data-state")) say("selftest.not_loaded");
    }, 3000);
  });
})();
