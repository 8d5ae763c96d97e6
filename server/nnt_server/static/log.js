// The log of a simulation: stays at its end for who reads there, and does not grow for ever in a page left open.
"use strict";

(() => {
  const MOST_CHARACTERS = 1e6; // the whole log can be downloaded
  const log = document.getElementById("log-text");
  let isAtEnd = true;

  const toTheEnd = () => {
    log.scrollTop = log.scrollHeight;
  };

  function shorten() {
    let excess = log.textContent.length - MOST_CHARACTERS;
    while (excess > 0 && log.childNodes.length > 1) {
      excess -= log.firstChild.textContent.length;
      log.firstChild.remove();
    }
  }

  log.addEventListener("htmx:oobBeforeSwap", () => {
    isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 24; // a line
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target?.id !== "log-more" || !isAtEnd) return;
    shorten();
    toTheEnd();
  });

  toTheEnd();
})();
