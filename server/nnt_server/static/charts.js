// The charts of a simulation: drawn from its epoch values, again whenever a collection has arrived.
"use strict";

(() => {
  const charts = document.getElementById("charts");
  const SERIES = [
    { prefix: "", name: "train", colour: "--series-train" },
    { prefix: "val_", name: "validation", colour: "--series-validation" },
  ];
  const CONFIG = {
    responsive: true,
    displaylogo: false,
    showSendToCloud: false, // nobody's data leaves this server
    showTips: false,
    modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"],
  };

  let values = null;
  let drawn = null; // how many collections had been received when the values were asked for
  let isAsking = false;

  const state = () => document.getElementById("simulation").dataset;

  async function refresh() {
    if (isAsking || state().received === drawn) return;
    isAsking = true;
    const now = state().received;
    try {
      const answer = await fetch(charts.dataset.url, { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
      values = await answer.json();
      drawn = now;
      draw();
    } catch (error) {
      console.warn("The charts could not be brought up to date:", error.message);
      setTimeout(refresh, 5000); // nothing may arrive any more that would ask again
    } finally {
      isAsking = false;
    }
  }

  function draw() {
    for (const chart of charts.querySelectorAll("[data-metric]")) drawChart(chart, chart.dataset.metric);
  }

  function drawChart(chart, metric) {
    if (!values.epoch.length) {
      say(chart.querySelector(".chart-empty"), state().nothing);
      return;
    }
    const columns = SERIES.map((series) => ({ ...series, values: values[series.prefix + metric] }));
    const present = columns.filter((column) => column.values.some((value) => value !== null));
    const strange = present.flatMap((column) => column.values).filter((value) => typeof value === "string").length;
    const plot = chart.querySelector(".plot");

    say(chart.querySelector(".chart-empty"), present.length ? "" : `This simulation reports no ${metric}.`);
    say(chart.querySelector(".chart-note"), strange ? `${strange} ${strange === 1 ? "value is" : "values are"} not finite and left out; the table shows them.` : "");
    plot.hidden = !present.length;
    if (present.length) Plotly.react(plot, present.map(trace), layout(metric), CONFIG);
  }

  function trace({ name, colour, values: column }) {
    return {
      name,
      x: values.epoch,
      y: column.map((value) => (typeof value === "number" ? value : null)), // a gap
      mode: column.length > 100 ? "lines" : "lines+markers",
      line: { color: css(colour), width: 2 },
      marker: { size: 6 },
    };
  }

  function layout(metric) {
    const axis = { gridcolor: css("--line"), linecolor: css("--control-line"), zeroline: false, automargin: true };
    const few = values.epoch.at(-1) - values.epoch[0] < 10;
    return {
      uirevision: metric, // what somebody has zoomed into stays while the lines grow
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: css("--text"), color: css("--quiet"), size: 12 },
      margin: { t: 28, r: 12, b: 24, l: 52 },
      legend: { orientation: "h", x: 0, y: -0.2, yanchor: "top" },
      hovermode: "x unified",
      hoverlabel: { bgcolor: css("--surface"), bordercolor: css("--line"), font: { color: css("--ink") } },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: css("--quiet"), activecolor: css("--accent") },
      xaxis: {
        ...axis,
        title: { text: "epoch", standoff: 4 },
        tickformat: ",d",
        hoverformat: ",d",
        spikecolor: css("--control-line"),
        spikethickness: -1, // a plain line, without the white one around it
        spikedash: "solid",
        ...(few && { dtick: 1 }),
      },
      yaxis: { ...axis, hoverformat: ".4~g" },
    };
  }

  function say(paragraph, text) {
    paragraph.textContent = text;
    paragraph.hidden = !text;
  }

  function css(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  }

  document.addEventListener("htmx:afterSwap", refresh);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => values && draw());
  refresh();
})();
