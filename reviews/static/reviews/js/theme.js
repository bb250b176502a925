// Runs before the first paint, so a reader who chose dark never sees a white flash. Everything else is in shell.js.
(() => {
  let chosen = null;
  try {
    chosen = localStorage.getItem("winnow-theme");
  } catch {
    // Storage may be blocked; the system's choice then stands.
  }
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
  document.documentElement.classList.add("js");
})();
