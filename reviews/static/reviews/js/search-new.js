// A new search: files may be dropped anywhere on the page, and one that is too large is named before it is sent.
const announce = (detail) => document.dispatchEvent(new CustomEvent("winnow:announce", { detail }));

const form = document.querySelector("[data-upload]");
const zone = form?.querySelector("[data-drop]");
const input = form?.querySelector("input[type=file]");
const warning = form?.querySelector("[data-too-large]");

function tooLarge() {
  const file = input.files[0];
  return Boolean(file) && file.size > Number(form.dataset.limitMb) * 1024 * 1024;
}

function check() {
  warning.hidden = !tooLarge();
  if (tooLarge()) announce(warning.textContent);
}

if (form && zone && input && warning) {
  input.addEventListener("change", check);
  form.addEventListener("submit", (event) => {
    if (!tooLarge()) return;
    event.preventDefault();
    check();
    input.focus();
  });
  // dragenter and dragleave also fire for every child that is crossed, hence the count.
  let over = 0;
  const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
  const show = () => zone.classList.toggle("is-over", over > 0);
  document.addEventListener("dragenter", (event) => {
    if (!carriesFiles(event)) return;
    over += 1;
    show();
  });
  document.addEventListener("dragleave", (event) => {
    if (!carriesFiles(event)) return;
    over = Math.max(0, over - 1);
    show();
  });
  document.addEventListener("dragover", (event) => {
    if (carriesFiles(event)) event.preventDefault();
  });
  document.addEventListener("drop", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    over = 0;
    show();
    const one = new DataTransfer();
    if (event.dataTransfer.files[0]) one.items.add(event.dataTransfer.files[0]);
    input.files = one.files;
    check();
    announce(`${input.files[0]?.name ?? "No file"} chosen`);
    input.focus();
  });
}
