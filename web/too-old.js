/* ES5: read by browsers that cannot read the page's modules. Says so in place of a blank page. */
(function () {
  var app = document.getElementById("app");
  var words = document.getElementById("too-old");
  if (app) app.setAttribute("hidden", "");
  if (words) words.removeAttribute("hidden");
})();
