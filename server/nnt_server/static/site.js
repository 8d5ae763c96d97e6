// What every page does beside htmx: fragments that keep asking, the question before a deletion, what is said aloud.
"use strict";

(() => {
  const dialog = document.getElementById("dialog");
  const said = document.getElementById("said");
  const lost = document.getElementById("lost");
  const isLive = (element) => element?.matches?.("[data-live]");
  const latest = new Map(); // the answer each live fragment shows, by its id

  document.addEventListener("htmx:beforeRequest", (event) => {
    if (isLive(event.detail.elt) && document.hidden) event.preventDefault();
  });

  document.addEventListener("htmx:beforeSwap", (event) => {
    const { target, serverResponse, xhr } = event.detail;
    if (!isLive(target) || xhr.status !== 200) return;
    lost.hidden = true;
    // An answer that says nothing new would only take away what somebody has selected.
    if (latest.get(target.id) === serverResponse) event.detail.shouldSwap = false;
    latest.set(target.id, serverResponse);
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target === dialog && dialog.childElementCount) {
      if (!dialog.open) dialog.showModal();
      return;
    }
    const now = document.querySelector("[data-live]")?.dataset.said ?? "";
    if (said.textContent !== now) said.textContent = now;
  });

  // What is asked for again and is not there any more, or not ours, says so as a page.
  document.addEventListener("htmx:responseError", (event) => {
    if (!isLive(event.detail.elt)) return;
    if ([403, 404].includes(event.detail.xhr.status)) window.location.reload();
    else lost.hidden = false;
  });
  document.addEventListener("htmx:sendError", (event) => {
    if (isLive(event.detail.elt)) lost.hidden = false;
  });

  dialog.addEventListener("click", (event) => {
    if (event.target !== dialog && !event.target.closest("[data-close]")) return;
    event.preventDefault();
    dialog.close();
  });
})();
