// The screening room: time on the record, criteria by number, "take all", the reason at full text.
// Keys themselves are the shell's (data-key); saving and the next record are htmx's. All of it works without this.

const form = () => document.querySelector("form[data-judge]");
const TOO_SOON = 200; // ms; nobody has read a record that fast: a bounced key must not decide on it
const ORDER = ["met", "not_met", "unclear"];
const VIOLATED = { include: "not_met", exclude: "met" };

const say = (text) => document.dispatchEvent(new CustomEvent("winnow:announce", { detail: text }));

// ---- time on the record, counted only while the page is looked at ----------------------------------------------

let arrived = performance.now();
let looked = 0; // ms until the page was last hidden
let since = document.hidden ? null : arrived;

function startClock() {
  arrived = performance.now();
  looked = 0;
  since = document.hidden ? null : arrived;
}

function elapsed() {
  return looked + (since === null ? 0 : performance.now() - since);
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    looked = elapsed();
    since = null;
  } else since = performance.now();
});

// ---- criteria ---------------------------------------------------------------------------------------------------

const chosen = (marks) => marks.querySelector("input:checked")?.value ?? "";

function choose(marks, value) {
  for (const input of marks.querySelectorAll("input")) input.checked = input.value === value;
  preselect();
}

function cycle(marks) {
  const next = ORDER[ORDER.indexOf(chosen(marks)) + 1] ?? "";
  choose(marks, next);
  say(`${marks.querySelector("legend").textContent}: ${next.replace("_", " ") || "no answer"}`);
}

function takeAll() {
  for (const marks of form().querySelectorAll("[data-proposed]")) choose(marks, marks.dataset.proposed);
  say("All answers taken over. Now include or exclude.");
}

// ---- full text: one reason ----------------------------------------------------------------------------------------

const reasons = () => document.querySelector("[data-reasons]");

function violated() {
  const failed = [...form().querySelectorAll("[data-cycle]")].find(
    (marks) => chosen(marks) === VIOLATED[marks.dataset.kind],
  );
  return failed?.dataset.id ?? null;
}

function preselect() {
  if (!reasons()) return;
  for (const button of reasons().querySelectorAll("button")) {
    button.classList.toggle("is-first", button.value === violated());
  }
}

/** While the list is open the numbers choose a reason; otherwise they answer the criteria. */
function openReasons(open) {
  const list = reasons();
  if (!list) return;
  list.classList.toggle("is-open", open);
  for (const button of list.querySelectorAll("button")) {
    if (open && button.dataset.number < 10) button.dataset.key = button.dataset.number;
    else delete button.dataset.key;
  }
  let number = 0;
  for (const marks of form().querySelectorAll("[data-cycle]")) {
    number += 1;
    if (!open && number < 10) marks.dataset.key = String(number);
    else delete marks.dataset.key;
  }
  if (open) {
    preselect();
    const first = list.querySelector(".is-first");
    if (first) first.focus({ preventScroll: true });
    else {
      list.tabIndex = -1;
      list.focus({ preventScroll: true });
    }
    say("Choose one reason by its number.");
  }
}

// ---- events -------------------------------------------------------------------------------------------------------

document.addEventListener("click", (event) => {
  const target = event.target instanceof Element ? event.target : null;
  if (!target || !form()) return;
  const submit = target.closest("form[data-judge] button[name]");
  if (submit && performance.now() - arrived < TOO_SOON) {
    event.preventDefault();
    return;
  }
  if (submit?.value === "exclude" && reasons() && !reasons().classList.contains("is-open")) {
    event.preventDefault();
    openReasons(true);
    return;
  }
  if (submit?.value === "exclude" && reasons() && !violated()) {
    event.preventDefault(); // pressed again with no reason at hand: the list waits
    return;
  }
  // The shell's key clicks the fieldset itself; a pointer lands on a label inside it.
  if (target.matches("[data-cycle]") && event.detail === 0) cycle(target);
  if (target.closest("[data-accept]")) {
    event.preventDefault();
    takeAll();
  }
  if (target.closest("[data-note]")) {
    event.preventDefault();
    const note = document.getElementById("note");
    const sheet = note.closest("details");
    if (sheet) sheet.open = true;
    note.focus();
  }
});

// A second click on a chosen mark takes the answer away again.
let before = null;
document.addEventListener("pointerdown", (event) => {
  const input = event.target instanceof Element ? event.target.closest(".marks label")?.querySelector("input") : null;
  before = input?.checked ? input : null;
});
document.addEventListener("change", (event) => {
  if (event.target instanceof Element && event.target.closest("[data-cycle]")) {
    before = null;
    preselect();
  }
});
document.addEventListener("click", (event) => {
  if (before !== null && event.target === before) {
    before.checked = false;
    before = null;
    preselect();
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  if (document.activeElement?.id === "note") document.activeElement.blur();
  if (reasons()?.classList.contains("is-open")) {
    openReasons(false);
    document.activeElement?.blur();
  }
});

// Capture: the time must be in its field before htmx, which listens on the form, reads the fields.
document.addEventListener("submit", (event) => {
  if (!event.target.matches("form[data-judge]")) return;
  event.target.querySelector("[name=seconds]").value = (elapsed() / 1000).toFixed(2);
}, true);

// A record that was settled meanwhile is answered with 409 and the next record: that is meant to be shown.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, requestConfig } = event.detail;
  if (xhr.status === 409 && requestConfig.verb === "post" && event.detail.target.id === "main") {
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  }
});

document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target?.id === "main") begin();
});

function begin() {
  startClock();
  if (form() && reasons()) openReasons("openNow" in reasons().dataset);
  const words = [document.querySelector("[role=alert] [data-refusal]"), document.querySelector("#last > span")]
    .map((element) => element?.textContent.replace(/\s+/g, " ").trim())
    .filter(Boolean);
  const title = document.querySelector("#card .reading-title")?.textContent;
  if (title) words.push(`Next: ${title}`);
  if (words.length) say(words.join(" "));
}

startClock();
if (form() && reasons()) openReasons("openNow" in reasons().dataset);
