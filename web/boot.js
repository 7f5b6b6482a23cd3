/* ES5: watches whether the page's modules start. A syntax that the browser does not know means that it is too
   old; a file that does not arrive means that the page has to be loaded again. */
(function () {
  // Slow Wi-Fi may take this long for a few small files.
  var PATIENCE_MS = 15000;

  function running() {
    return document.body !== null && document.body.getAttribute("data-state") !== null;
  }

  /** @param {string} id */
  function show(id) {
    var words = document.getElementById(id);
    if (!running() && words) words.removeAttribute("hidden");
  }

  window.addEventListener(
    "error",
    function (event) {
      if (running()) return;
      var target = /** @type {any} */ (event.target);
      if (target && target.tagName === "SCRIPT") {
        show("not-loaded");
      } else if (event.error || event.message) {
        var script = document.createElement("script");
        script.src = "/web/too-old.js";
        document.head.appendChild(script);
      }
    },
    true
  );

  window.setTimeout(function () {
    show("not-loaded");
  }, PATIENCE_MS);
})();
