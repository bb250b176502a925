// Copies the value of the field that a [data-copy] button names. Without this file the field can be selected by hand.
for (const button of document.querySelectorAll("[data-copy]")) {
  const field = document.getElementById(button.dataset.copy);
  if (!field) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    field.select();
    let said = "Copied.";
    try {
      await navigator.clipboard.writeText(field.value);
      button.textContent = "Copied";
    } catch {
      // No clipboard without https, or it was refused: the text is selected, so the keys work.
      said = "It is selected: copy it with Ctrl+C.";
      button.textContent = "Selected: press Ctrl+C";
    }
    document.dispatchEvent(new CustomEvent("winnow:announce", { detail: said }));
  });
}
