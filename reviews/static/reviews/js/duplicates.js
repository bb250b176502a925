// The queue of pairs: a key that bounces must not judge the next pair. Keys are the shell's, the next pair is htmx's.

const TOO_SOON = 200; // ms; nobody has compared two records that fast
let arrived = performance.now();

document.addEventListener("click", (event) => {
  const target = event.target instanceof Element ? event.target.closest("form[data-pair] button[name]") : null;
  if (target && performance.now() - arrived < TOO_SOON) event.preventDefault();
});

document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target?.id !== "room") return;
  arrived = performance.now();
  const words = [document.querySelector("#said > span"), document.getElementById("pair-title")]
    .map((element) => element?.textContent.trim())
    .filter(Boolean);
  if (words.length) document.dispatchEvent(new CustomEvent("winnow:announce", { detail: words.join(" ") }));
});
