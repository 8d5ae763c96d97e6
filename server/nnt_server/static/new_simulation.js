// The form of a new simulation: what the model is made of, how far the upload is, and where something is wrong.
"use strict";

(() => {
  const form = document.getElementById("new-simulation");
  const upload = document.getElementById("upload");
  const bar = upload.querySelector("progress");
  const said = document.getElementById("upload-said");
  const model = document.getElementById("inspected-model");
  const megabytes = (bytes) => (bytes / 1e6).toFixed(1);

  const complain = (text) => {
    document.getElementById("error-form").textContent = text;
  };

  const markWrongFields = () => {
    const wrong = [...form.elements].filter((field) => {
      const isWrong = Boolean(field.name && document.getElementById(`error-${field.name}`)?.textContent);
      if (isWrong) field.setAttribute("aria-invalid", "true");
      else field.removeAttribute("aria-invalid");
      return isWrong;
    });
    wrong[0]?.focus();
  };

  // What the model's inspection asks and is answered is no affair of the form around it.
  for (const name of ["beforeRequest", "xhr:progress", "afterRequest", "responseError", "sendError", "afterSettle"]) {
    model.addEventListener(`htmx:${name}`, (event) => event.stopPropagation());
  }
  // Also while a configuration file has chosen it, and nobody else can.
  model.addEventListener("htmx:configRequest", ({ detail }) => {
    detail.parameters.backend = form.elements.backend.value;
  });
  for (const name of ["responseError", "sendError"]) {
    model.addEventListener(`htmx:${name}`, (event) => {
      if (event.target !== model) return; // it asks again
      model.textContent = "What the model is made of cannot be shown now. A simulation can be created all the same.";
    });
  }

  form.addEventListener("htmx:beforeRequest", (event) => {
    const files = [...form.querySelectorAll("input[type=file]")].flatMap((input) => [...input.files]);
    const total = files.reduce((sum, file) => sum + file.size, 0);
    if (total > Number(form.dataset.maxMb) * 1e6) {
      event.preventDefault();
      complain(`The files hold ${megabytes(total)} MB together; at most ${form.dataset.maxMb} MB can be sent.`);
      return;
    }
    complain("");
    upload.hidden = false;
  });

  form.addEventListener("htmx:xhr:progress", (event) => {
    const { loaded, total, lengthComputable } = event.detail;
    if (!lengthComputable) return;
    bar.value = loaded / total;
    said.textContent =
      loaded < total ? `${megabytes(loaded)} of ${megabytes(total)} MB sent` : "Sent; the server is checking it…";
  });

  form.addEventListener("htmx:afterRequest", (event) => {
    if (!event.detail.xhr.getResponseHeader("HX-Redirect")) upload.hidden = true;
  });

  form.addEventListener("htmx:responseError", (event) => {
    const { status } = event.detail.xhr;
    const why = {
      403: "This page is too old: open it again in another tab, and send the form from there.",
      413: `That was too much: at most ${form.dataset.maxMb} MB can be sent.`,
    };
    complain(why[status] ?? `The server could not take it (error ${status}). Nothing is lost; try again.`);
  });

  form.addEventListener("htmx:sendError", () => {
    complain("The server does not answer. Nothing is lost; try again.");
  });

  // The messages arrive one by one, out of band; the fields are marked once all are there.
  form.addEventListener("htmx:afterSettle", markWrongFields);
  markWrongFields();
})();
