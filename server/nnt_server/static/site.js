// What every page does beside htmx: fragments that keep asking, buttons in them, the question before a deletion, what
// is said aloud.
"use strict";

(() => {
  const dialog = document.getElementById("dialog");
  const said = document.getElementById("said");
  const lost = document.getElementById("lost");
  const isLive = (element) => element?.matches?.("[data-live]");
  const commandOf = (element) => element?.dataset?.command; // the simulation that a button is about
  const latest = new Map(); // the answer each live fragment shows, by its id
  const DOUBLE_CLICK_MS = 500;
  const DOUBLE_CLICK_PX = 8;
  let lastClick = null; // on a button of a command: when and where

  document.addEventListener("htmx:beforeRequest", (event) => {
    if (isLive(event.detail.elt) && document.hidden) event.preventDefault();
  });

  // Where Pause was, Resume or another simulation is a moment later: a double click, or a key held down, is one command.
  // Asked before a request that is under way would be given up for this one.
  document.addEventListener("htmx:confirm", (event) => {
    const { elt, triggeringEvent } = event.detail;
    if (!commandOf(elt) || !triggeringEvent.detail) return; // a key clicks no times
    const click = { at: performance.now(), x: triggeringEvent.clientX, y: triggeringEvent.clientY };
    if (lastClick && isDoubleClick(lastClick, click)) event.preventDefault();
    lastClick = click;
  });
  document.addEventListener("keydown", (event) => {
    if (event.repeat && commandOf(event.target)) event.preventDefault();
  });

  function isDoubleClick(one, other) {
    const distance = Math.hypot(other.x - one.x, other.y - one.y);
    return other.at - one.at < DOUBLE_CLICK_MS && distance < DOUBLE_CLICK_PX;
  }

  // A click needs both ends of a press on one element: until it is let go, what is pressed stays in the page.
  let pressed = null;
  document.addEventListener("pointerdown", (event) => {
    pressed = event.target;
  });
  for (const end of ["pointerup", "pointercancel"]) {
    document.addEventListener(end, () => {
      pressed = null;
    });
  }

  document.addEventListener("htmx:beforeSwap", (event) => {
    const { target, serverResponse, xhr, requestConfig } = event.detail;
    if (!isLive(target)) return;
    if (isLive(requestConfig.elt) && target.contains(pressed)) {
      event.detail.shouldSwap = false;
      return;
    }
    if (xhr.status !== 200) {
      latest.delete(target.id); // a refusal shows the state as it is then
      return;
    }
    lost.hidden = true;
    // An answer that says nothing new would only take away what somebody has selected.
    if (latest.get(target.id) === serverResponse) event.detail.shouldSwap = false;
    latest.set(target.id, serverResponse);
  });

  // The same for a part of an answer that is all its target shows.
  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    const { target, fragment } = event.detail;
    if (target.matches("[data-whole]") && fragment.innerHTML === target.innerHTML) event.detail.shouldSwap = false;
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target === dialog && dialog.childElementCount) {
      if (!dialog.open) dialog.showModal();
      return;
    }
    const now = document.querySelector("[data-live]")?.dataset.said ?? "";
    if (said.textContent !== now) said.textContent = now;
    const simulation = commandOf(event.detail.requestConfig?.elt);
    if (!simulation) return;
    const refused = document.getElementById("refused"); // each answer brings its own
    if (!refused.hidden) refused.scrollIntoView({ block: "nearest" });
    // A button that is no longer possible took the focus away with it.
    if (document.activeElement !== document.body) return;
    document.getElementById(`name-${simulation}`)?.focus({ preventScroll: true });
  });

  // What is asked for again and is not there any more, or not ours, says so as a page.
  document.addEventListener("htmx:responseError", (event) => {
    const { elt, xhr } = event.detail;
    if (!isLive(elt) && !commandOf(elt)) return;
    if ([403, 404].includes(xhr.status)) window.location.reload();
    else lost.hidden = false;
  });
  document.addEventListener("htmx:sendError", (event) => {
    if (isLive(event.detail.elt) || commandOf(event.detail.elt)) lost.hidden = false;
  });

  dialog.addEventListener("click", (event) => {
    if (event.target !== dialog && !event.target.closest("[data-close]")) return;
    event.preventDefault();
    dialog.close();
  });
})();
