// Draws the charts. Specs stand in the page as JSON; colours are CSS variables, so light, dark and print need no script.
(function () {
  "use strict";

  function read(id) {
    return JSON.parse(document.getElementById(id).textContent);
  }

  function draw(element, locale) {
    const options = {
      // Interpreted expressions: the page's policy forbids making functions from text.
      ast: true,
      renderer: "svg",
      actions: false,
      defaultStyle: false,
      formatLocale: locale,
      tooltip: { disableDefaultStyle: true },
    };
    return vegaEmbed(element, read(element.dataset.chart), options).then(
      function () { element.dataset.state = "drawn"; },
      function (error) {
        element.dataset.state = "failed";
        element.textContent = "This chart could not be drawn.";
        console.error(error);
      },
    );
  }

  // A tip that hides what one wants to read must close without moving the pointer.
  document.addEventListener("keydown", function (event) {
    if (event.key === "Escape" && document.activeElement && document.activeElement.matches(".hint")) {
      document.activeElement.blur();
    }
  });

  // A menu closes when one clicks elsewhere.
  document.addEventListener("click", function (event) {
    document.querySelectorAll("details.menu[open]").forEach(function (menu) {
      if (!menu.contains(event.target)) { menu.removeAttribute("open"); }
    });
  });

  const locale = document.getElementById("d3-locale");
  if (locale) {
    const format = JSON.parse(locale.textContent);
    document.querySelectorAll("[data-chart]").forEach(function (element) { draw(element, format); });
  }
})();
