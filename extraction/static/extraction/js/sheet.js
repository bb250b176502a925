// One's own sheet: select words in the report, press Q, and they are the quote of the item one is in.
// Everything here is a short cut; each item is a form that works without it.

const items = () => [...document.querySelectorAll("[data-items] > form[data-item]")];
const text = document.getElementById("desk-text");
const tools = document.querySelector("[data-tools]");
const say = (words) => document.dispatchEvent(new CustomEvent("winnow:announce", { detail: words }));

let current = null; // id of the item one is in; the element itself is replaced whenever it is saved
let picked = ""; // the last words selected in the report

const currentItem = () => items().find((item) => item.id === current) ?? items()[0] ?? null;

/** The item one is in gets the keys: A accepts, N says not reported. */
function enter(item) {
  current = item.id;
  for (const other of items()) {
    other.classList.toggle("is-current", other === item);
    for (const [act, key] of [["accept", "a"], ["not-reported", "n"]]) {
      const button = other.querySelector(`[data-act="${act}"]`);
      if (!button) continue;
      if (other === item) button.dataset.key = key;
      else delete button.dataset.key;
    }
  }
  const words = tools?.querySelector("[data-quote-selection] span");
  if (words) words.textContent = picked ? `Quote for: ${shortened(item.dataset.item)}` : "Quote the selection";
}

const shortened = (words) => (words.length > 28 ? `${words.slice(0, 27)}…` : words);

/** Remember what is selected in the report, because pressing a button may take the selection away. */
function watchSelection() {
  document.addEventListener("selectionchange", () => {
    const selection = document.getSelection();
    const inside = selection.anchorNode && text.contains(selection.anchorNode) && text.contains(selection.focusNode);
    if (!inside) return;
    picked = selection.toString().trim();
    const item = currentItem();
    if (item) enter(item);
  });
}

function quote(item) {
  if (!item) return;
  if (!picked) {
    say("Select words in the report first.");
    return;
  }
  const field = item.querySelector("[data-quote-field]");
  field.value = picked;
  enter(item);
  item.scrollIntoView({ block: "nearest" });
  const first = item.querySelector("[name=value]:not([type=radio])");
  (first && !first.value ? first : field).focus({ preventScroll: true });
  say(`Quote taken for ${item.dataset.item}.`);
}

function step(by) {
  const all = items();
  const at = all.indexOf(currentItem());
  const next = all[Math.min(Math.max(at + by, 0), all.length - 1)];
  if (!next) return;
  enter(next);
  next.scrollIntoView({ block: "start" });
  // The item itself, not its field: single keys do nothing while one types.
  next.tabIndex = -1;
  next.focus({ preventScroll: true });
}

/** A quote's link leads to the text; on a small screen the text has to be opened first. */
function openText(event) {
  const link = event.target instanceof Element ? event.target.closest('a[href^="#quote-"], a[href^="#page-"]') : null;
  const sheet = text.closest("details");
  if (link && sheet && !sheet.open) sheet.open = true;
}

function start() {
  if (tools) tools.hidden = false;
  const ready = (within) => {
    for (const button of within.querySelectorAll("[data-quote-button]")) button.hidden = false;
  };
  ready(document);
  watchSelection();
  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element)) return;
    openText(event);
    const beside = event.target.closest("[data-quote-button]");
    if (beside) quote(beside.closest("[data-item]"));
    else if (event.target.closest("[data-quote-selection]")) quote(currentItem());
    const stepper = event.target.closest("[data-step]");
    if (stepper) step(Number(stepper.dataset.step));
  });
  document.addEventListener("focusin", (event) => {
    const item = event.target instanceof Element ? event.target.closest("form[data-item]") : null;
    if (item) enter(item);
  });
  // Marks change in the pages of the report; the reader's place in it must not.
  let place = 0;
  document.addEventListener("htmx:beforeSwap", () => { place = text.scrollTop; });
  document.addEventListener("htmx:afterSettle", (event) => {
    text.scrollTop = place;
    ready(document);
    const item = event.detail.elt.closest?.("form[data-item]");
    if (!item) return;
    enter(item);
    if (!item.querySelector("[aria-invalid=true], [role=alert]")) say(item.dataset.said);
  });
  const first = items()[0];
  if (first) enter(first);
}

if (text) start();
