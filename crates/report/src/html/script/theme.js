// Theme: the colors of light, dark and paper, and the color scale of attention.

const darkScheme = window.matchMedia("(prefers-color-scheme: dark)");
const reducedMotion = window.matchMedia("(prefers-reduced-motion: reduce)");
let printing = false;
const isDark = () => darkScheme.matches && !printing;

// From the background color to strong contrast with it. Lightness is monotone, so the scale reads without hue.
const RAMPS = {
  light: [[251, 250, 247], [253, 222, 176], [247, 160, 106], [220, 80, 84], [150, 33, 105], [62, 13, 84]],
  dark: [[22, 24, 28], [66, 25, 92], [140, 41, 115], [214, 72, 91], [250, 143, 96], [254, 233, 184]],
};

// Returns the color [r, g, b] of a share in [0, 1]. The square root spreads small shares, where most attention lies; the
// drawn scale shows it.
function ramp(share) {
  const stops = isDark() ? RAMPS.dark : RAMPS.light;
  const at = Math.sqrt(Math.min(1, Math.max(0, share))) * (stops.length - 1);
  const i = Math.min(stops.length - 2, Math.floor(at));
  return stops[i].map((from, c) => Math.round(from + (stops[i + 1][c] - from) * (at - i)));
}

const paint = (share) => `rgb(${ramp(share).join(",")})`;

// getComputedStyle does not see print styles before printing, so paper has its values here.
const PRINTED = {
  "--ground": "#cfccc4", "--floor": "#fbfaf7", "--masked": "#efede8", "--origin": "#2b2e34", "--accent": "#2f7fc1",
  "--ink": "#23262b", "--quiet": "#6a6f78", "--rule": "#dfdcd5", "--paper": "#ffffff", "--failed": "#c2502a",
};

// Returns a variable of the style sheet.
const themed = (name) => (printing ? PRINTED[name] : getComputedStyle(document.documentElement).getPropertyValue(name).trim());

const hexToRgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16) || 0);

// Redraws everything whose colors are not set by the style sheet.
function retheme() {
  themePlots();
  views.forEach(drawAll);
}

// Switches to print colors and unfolds every <details>, and back.
function setPrinting(now) {
  printing = now;
  for (const details of document.querySelectorAll(now ? "details:not([open])" : "details.for-print")) {
    details.open = now;
    details.classList.toggle("for-print", now);
  }
  retheme();
}

