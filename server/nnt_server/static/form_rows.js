// Several optimizers, loss functions, learning rates and extra metrics in the form of a new simulation, a configuration
// file that fills it, and how many simulations it makes.
"use strict";

(() => {
  const form = document.getElementById("new-simulation");
  const howMany = document.getElementById("how-many");
  const file = form.elements.config;
  const most = Number(form.dataset.maxSimulations);
  // Where a configuration file's keys are in the form; the lists have rows.
  const FIELDS = {
    name: "name",
    tags: "tags",
    total_epochs: "total_epochs",
    epoch_period: "epoch_period",
    batch_size: "batch_size",
    backend: "backend",
    dataset_train: "train_url",
    dataset_val: "validation_url",
    dataset_test: "test_url",
    train_feature_name: "train_features",
    train_label_name: "train_labels",
    val_feature_name: "validation_features",
    val_label_name: "validation_labels",
    test_feature_name: "test_features",
    test_label_name: "test_labels",
    "k-fold_validation": "folds",
    "k-fold_tag": "fold_tag",
  };
  const lists = [...form.querySelectorAll(".form-rows")];
  const [optimizers, lossFunctions, learningRates, extraMetrics] = lists;
  const combined = lists.filter((list) => "combined" in list.dataset);

  const rowsOf = (list) => [...list.querySelectorAll(".form-row")];
  const fieldsOf = (row) => [...row.querySelectorAll("input, textarea")];
  const numberOf = (row) => Number(/-(\d+)$/.exec(fieldsOf(row)[0].name)?.[1] ?? 1);

  const rename = (row, number) => {
    for (const element of row.querySelectorAll("*")) {
      for (const attribute of ["id", "name", "for", "aria-describedby"]) {
        const value = element.getAttribute(attribute);
        if (value) element.setAttribute(attribute, `${value.replace(/help-\S+ /, "")}-${number}`);
      }
    }
  };

  const letRemove = (list, row) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button quiet";
    button.textContent = "×";
    button.ariaLabel = `Remove this ${list.dataset.kind}`;
    button.addEventListener("click", () => {
      row.remove();
      list.lastElementChild.focus();
      count();
    });
    row.append(button);
  };

  const add = (list) => {
    const rows = rowsOf(list);
    const row = rows[0].cloneNode(true);
    rename(row, Math.max(...rows.map(numberOf)) + 1);
    for (const help of row.querySelectorAll(".help")) help.remove();
    for (const error of row.querySelectorAll(".error")) error.textContent = "";
    for (const field of fieldsOf(row)) field.removeAttribute("aria-invalid");
    fieldsOf(row)[0].value = "";
    letRemove(list, row);
    rows[0].parentElement.append(row);
    return row;
  };

  // Each of the values is a list: what stands in the fields of one row.
  const fillRows = (list, values) => {
    for (const row of rowsOf(list).slice(1)) row.remove();
    values.forEach((row, at) => {
      const fields = fieldsOf(at ? add(list) : rowsOf(list)[0]);
      fields.forEach((field, of) => (field.value = row[of]));
    });
  };

  const fill = (content) => {
    const { backend } = form.elements;
    const before = backend.value;
    backend.value = backend.options[0].value; // the usual one
    for (const [key, name] of Object.entries(FIELDS)) {
      if (content[key] != null) form.elements[name].value = [content[key]].flat().join(", ");
    }
    for (const [name, value] of Object.entries(content.limits ?? {})) {
      if (form.elements[`limit_${name}`]) form.elements[`limit_${name}`].value = value ?? "";
    }
    const conf = (choice) => JSON.stringify(choice.conf ?? {});
    const losses = content.loss_functions ?? content.loss_function ?? [];
    fillRows(optimizers, (content.optimizers ?? []).map((one) => [one.optimizer, conf(one)]));
    fillRows(lossFunctions, losses.map((one) => [one.loss_function, conf(one)]));
    const metrics = (content["extra-metrics"] ?? []).map((one) => [one.metric, conf(one)]);
    fillRows(extraMetrics, metrics.length ? metrics : [["", "{}"]]);
    fillRows(learningRates, (content.learning_rates ?? []).map((rate) => [rate]));
    if (backend.value !== before) backend.dispatchEvent(new Event("change"));
  };

  // While a file is chosen it stands for everything that is typed: what it says is shown, and cannot be changed.
  const showFile = async () => {
    const [chosen] = file.files;
    if (chosen) {
      const text = await chosen.text();
      if (file.files[0] !== chosen) return; // another one meanwhile
      try {
        fill(JSON.parse(text));
      } catch {
        // The server says what is wrong with it.
      }
    }
    for (const field of form.elements) {
      const isTyped = field.matches("textarea, select, input:not([type=file], [type=hidden]), .form-rows button");
      if (isTyped) field.disabled = Boolean(chosen);
    }
    count();
  };

  const several = (number, kind) => (number > 1 ? [`${number} ${kind}s`] : []);

  const count = () => {
    const folds = Math.max(1, Math.floor(Number(form.elements.folds.value)) || 1);
    const factors = [...combined.map((list) => [rowsOf(list).length, list.dataset.kind]), [folds, "fold"]];
    const made = factors.reduce((result, [number]) => result * number, 1);
    const product = factors.flatMap(([number, kind]) => several(number, kind)).join(" × ");
    const tooMany = made > most ? `; at most ${most} can be made at once` : "";
    howMany.textContent = made > 1 ? `makes ${made} simulations: ${product}${tooMany}` : "makes one simulation";
    howMany.className = tooMany ? "error" : "quiet";
  };

  for (const list of lists) {
    for (const row of rowsOf(list).slice(1)) letRemove(list, row);
    const button = list.lastElementChild;
    button.hidden = false;
    button.addEventListener("click", () => {
      fieldsOf(add(list))[0].focus();
      count();
    });
  }
  form.elements.folds.addEventListener("input", count);
  file.addEventListener("change", showFile);
  howMany.hidden = false;
  showFile();
})();
