// The shell every page shares: theme, keys, help, confirmation, errors of background requests, evidence, focus.
// Pages use it by attributes and by two events on document, winnow:announce and winnow:banner (docs/ui-kit.md);
// they do not import it, because its address changes with its content when static files are collected.

const root = document.documentElement;
const byId = (id) => document.getElementById(id);

function remember(key, value) {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    // Storage may be blocked; the choice then lasts as long as the page.
  }
}

function recall(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

/** Say something to screen readers without moving anything on the screen. */
function announce(text) {
  const live = byId("live");
  if (!live) return;
  live.textContent = "";
  // A changed text is only read out when it arrives in a later turn than the emptying.
  setTimeout(() => { live.textContent = text; }, 50);
}

/** Show the one plain error strip at the top of the page; `link` is an optional {href, text}. */
function showBanner(text, link = null) {
  const banner = byId("banner");
  if (!banner) return;
  const words = banner.querySelector("p");
  words.textContent = text;
  if (link) {
    const anchor = document.createElement("a");
    anchor.href = link.href;
    anchor.textContent = link.text;
    words.append(" ", anchor);
  }
  banner.hidden = false;
}

function hideBanner() {
  const banner = byId("banner");
  if (banner) banner.hidden = true;
}

// ---- theme -------------------------------------------------------------------------------------------------

const THEMES = ["system", "light", "dark"];

function applyTheme(name) {
  if (name === "system") delete root.dataset.theme;
  else root.dataset.theme = name;
  remember("winnow-theme", name === "system" ? null : name);
  for (const word of document.querySelectorAll("[data-theme-word]")) word.textContent = name;
}

function startTheme() {
  const now = () => root.dataset.theme ?? "system";
  applyTheme(now());
  for (const button of document.querySelectorAll("[data-theme-toggle]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      applyTheme(THEMES[(THEMES.indexOf(now()) + 1) % THEMES.length]);
      announce(`Theme: ${now()}`);
    });
  }
}

// ---- keys --------------------------------------------------------------------------------------------------

const shown = (element) => element.getClientRects().length > 0 && !element.disabled;
const typing = (element) =>
  element instanceof HTMLElement &&
  (element.isContentEditable ||
    element.matches("textarea, select, input:not([type=checkbox], [type=radio], [type=button], [type=submit])"));

const keysAreOn = () => recall("winnow-keys") !== "off";

const NAMES = { arrowleft: "←", arrowright: "→", arrowup: "↑", arrowdown: "↓", escape: "Esc", enter: "Enter" };

function listPageKeys(body) {
  body.replaceChildren();
  const seen = new Set();
  for (const element of document.querySelectorAll("[data-key]")) {
    const key = element.dataset.key.toLowerCase();
    if (seen.has(key)) continue;
    seen.add(key);
    const row = body.insertRow();
    const cap = document.createElement("kbd");
    cap.textContent = NAMES[key] ?? key.toUpperCase();
    row.insertCell().append(cap);
    const copy = element.cloneNode(true);
    for (const hint of copy.querySelectorAll("kbd")) hint.remove();
    row.insertCell().textContent =
      element.dataset.keyName ?? element.getAttribute("aria-label") ?? copy.textContent.trim();
  }
}

function openKeyHelp() {
  const dialog = byId("key-help");
  if (!dialog || dialog.open) return;
  const body = dialog.querySelector("[data-page-keys]");
  if (body) listPageKeys(body);
  dialog.showModal();
}

function startKeys() {
  const switchBox = byId("keys-on");
  if (switchBox) {
    switchBox.checked = keysAreOn();
    switchBox.addEventListener("change", () => remember("winnow-keys", switchBox.checked ? null : "off"));
  }
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.repeat || event.isComposing) return;
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (document.querySelector("dialog[open]") || !keysAreOn()) return;
    if (event.key === "?") {
      event.preventDefault();
      openKeyHelp();
      return;
    }
    const pressed = event.key.toLowerCase();
    const target = [...document.querySelectorAll("[data-key]")].find(
      (element) => element.dataset.key.toLowerCase() === pressed && shown(element),
    );
    if (!target) return;
    event.preventDefault();
    if (typing(target)) target.focus();
    else target.click();
  });
}

// ---- dialogs and confirmation ------------------------------------------------------------------------------

function startClicks() {
  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element)) return;
    if (event.target.closest("[data-open-keys]")) openKeyHelp();
    const opener = event.target.closest("[data-open]");
    if (opener) byId(opener.dataset.open)?.showModal();
    const closer = event.target.closest("[data-close]");
    if (closer) closer.closest("dialog")?.close();
    if (event.target.closest("[data-close-banner]")) hideBanner();
  });
}

function startConfirm() {
  const confirmed = new WeakSet();
  // Capture, so that this comes before htmx, which listens on the form itself.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    const asker = event.submitter?.dataset.confirm ? event.submitter : form;
    if (!asker.dataset.confirm || confirmed.delete(form)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const dialog = byId("confirm");
    const submitter = event.submitter;
    const yes = byId("confirm-yes");
    byId("confirm-text").textContent = asker.dataset.confirm;
    yes.textContent = asker.dataset.confirmYes ?? submitter?.textContent.trim() ?? "Yes";
    yes.onclick = () => {
      dialog.close();
      confirmed.add(form);
      form.requestSubmit(submitter);
    };
    dialog.showModal();
  }, true);
}

// ---- errors of background requests ---------------------------------------------------------------------------

const SORRY = {
  403: "You may not do this here, or this page is too old. Nothing was saved. Reload the page and try again.",
  404: "This no longer exists, or you have left the review. Nothing was saved. Reload the page.",
  409: "Someone changed this in the meantime. Nothing of yours was saved. Reload the page to see it as it is now.",
  413: "That is more than this server accepts. Nothing was saved. Try a smaller file.",
  429: "Too many requests in a short time. Nothing was saved. Wait a minute and try again.",
};

function startErrors() {
  const signIn = document.querySelector('meta[name="winnow-sign-in"]')?.content;
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr } = event.detail;
    // A form with its errors comes back as 422 and is meant to be shown.
    if (xhr.status === 422) {
      event.detail.shouldSwap = true;
      event.detail.isError = false;
    }
    if (signIn && xhr.responseURL && location.pathname !== signIn && new URL(xhr.responseURL).pathname === signIn) {
      event.detail.shouldSwap = false;
      const back = encodeURIComponent(location.pathname + location.search);
      showBanner("You have been signed out. The last action was not saved.", {
        href: `${signIn}?next=${back}`,
        text: "Sign in and come back here",
      });
    }
  });
  document.addEventListener("htmx:responseError", (event) => {
    const { status, responseText } = event.detail.xhr;
    // A refusal says what happened, what was kept and what to do; its own words are better than ours.
    const refusal = new DOMParser().parseFromString(responseText ?? "", "text/html").querySelector("[data-refusal]");
    showBanner(
      refusal?.textContent.replace(/\s+/g, " ").trim() ??
        SORRY[status] ??
        `The server could not finish this (error ${status}). What was saved before is safe; this last action may not be. Reload the page before you repeat it.`,
    );
  });
  for (const name of ["htmx:sendError", "htmx:timeout"]) {
    document.addEventListener(name, () =>
      showBanner("The server cannot be reached. The last action was not confirmed. Check the connection, then try again."),
    );
  }
  document.addEventListener("htmx:oobAfterSwap", (event) => {
    // The event's target is the strip that was replaced, so read the one that stands there now.
    const words = event.detail.target?.id === "messages" ? byId("messages")?.textContent.trim() : "";
    if (words) announce(words.replace(/\s+/g, " "));
  });
  // Only a later action that was saved takes the banner away; a poll that succeeds says nothing about a lost vote.
  document.addEventListener("htmx:afterRequest", (event) => {
    const { successful, requestConfig, xhr } = event.detail;
    const toSignIn = signIn && xhr.responseURL && new URL(xhr.responseURL).pathname === signIn;
    if (successful && !toSignIn && requestConfig.verb !== "get") hideBanner();
  });
}

// ---- evidence: a judgement and its sentence light up together --------------------------------------------------

function light(element, on) {
  const scope = element.closest("[data-evidence]") ?? document;
  const wanted = element.dataset.quotes.split(/\s+/).filter(Boolean);
  for (const other of scope.querySelectorAll("[data-quotes]")) {
    const shares = other.dataset.quotes.split(/\s+/).some((id) => wanted.includes(id));
    if (shares) other.classList.toggle("is-lit", on);
  }
}

function startEvidence() {
  for (const [name, on] of [["mouseover", true], ["mouseout", false], ["focusin", true], ["focusout", false]]) {
    document.addEventListener(name, (event) => {
      const element = event.target instanceof Element ? event.target.closest("[data-quotes]") : null;
      if (element) light(element, on);
    });
  }
}

// ---- focus and small screens -----------------------------------------------------------------------------------

function startFocus() {
  let lost = false;
  document.addEventListener("htmx:beforeSwap", (event) => {
    lost = event.detail.target?.contains(document.activeElement) ?? false;
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    const arrived = event.detail.elt;
    const wanted = arrived.matches?.("[data-focus]") ? arrived : arrived.querySelector?.("[data-focus], [aria-invalid=true]");
    const alone = document.activeElement === document.body || document.activeElement === null;
    if (!wanted && !(lost && alone)) return;
    const target = wanted ?? arrived;
    if (!target.matches("a[href], button, input, select, textarea, summary, [tabindex]")) target.tabIndex = -1;
    target.focus({ preventScroll: !wanted });
    lost = false;
  });
}

function foldSheets(within) {
  if (!matchMedia("(max-width: 55.99rem)").matches) return;
  for (const sheet of within.querySelectorAll("details.sheet[open]:not([data-keep-open])")) sheet.open = false;
}

function startSheets() {
  const narrow = matchMedia("(max-width: 55.99rem)");
  foldSheets(document);
  document.addEventListener("htmx:afterSettle", (event) => foldSheets(event.detail.elt));
  narrow.addEventListener("change", () => {
    for (const sheet of document.querySelectorAll("details.sheet")) sheet.open = !narrow.matches;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") for (const menu of document.querySelectorAll("details.nav[open]")) menu.open = false;
  });
}

function startEvents() {
  document.addEventListener("winnow:announce", (event) => announce(event.detail));
  document.addEventListener("winnow:banner", (event) => {
    if (event.detail) showBanner(event.detail.text, event.detail.link);
    else hideBanner();
  });
}

startTheme();
startKeys();
startClicks();
startConfirm();
startErrors();
startEvidence();
startFocus();
startSheets();
startEvents();
