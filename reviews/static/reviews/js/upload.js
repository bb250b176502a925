// A file that is too large is not sent at all: the form says so at once.

for (const form of document.querySelectorAll("form[data-limit-mb]")) {
  const warning = form.querySelector("[data-too-large]");
  const chosen = form.querySelector("input[type=file]");
  const check = () => {
    const tooLarge = [...chosen.files].some((file) => file.size > Number(form.dataset.limitMb) * 1024 * 1024);
    warning.hidden = !tooLarge;
    return tooLarge;
  };
  chosen.addEventListener("change", check);
  form.addEventListener("submit", (event) => {
    if (!check()) return;
    event.preventDefault();
    chosen.focus();
  });
}
