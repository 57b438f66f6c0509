// Plotly figures: the page's theme, and a fixed size on paper.

function themePlots() {
  if (typeof Plotly === "undefined") return;
  for (const plot of document.querySelectorAll(".plotly-graph-div")) Plotly.relayout(plot, { ...plotColors(plot), ...plotSize(plot) });
}

function plotColors(plot) {
  const [ink, quiet, rule] = ["--ink", "--quiet", "--rule"].map(themed);
  const colors = {
    "font.color": ink, "modebar.bgcolor": "rgba(0,0,0,0)", "modebar.color": quiet, "modebar.activecolor": ink,
    "hoverlabel.bgcolor": ink, "hoverlabel.font.color": themed("--paper"),
  };
  for (const axis of Object.keys(plot.layout).filter((name) => /^[xy]axis\d*$/.test(name))) {
    colors[`${axis}.gridcolor`] = rule;
    colors[`${axis}.linecolor`] = quiet;
  }
  return colors;
}

// Paper has no viewport to follow: there a plot gets a fixed size, and gives it back afterwards.
function plotSize(plot) {
  const isPanel = plot.closest(".panels") !== null;
  if (printing) return { autosize: false, width: isPanel ? 310 : 640, height: isPanel ? 240 : 330 };
  return plot.layout.autosize === false ? { autosize: true, width: null, height: null } : {};
}

