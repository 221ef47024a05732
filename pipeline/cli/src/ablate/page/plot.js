// Axes, scales, and drawings that are as wide as their place, so that their letters keep their size.

/** A place for a drawing; `paint` gets the width and gives the drawing. It is painted when it is about to be seen. */
function plot(height, paint, kind = "") {
  const place = make("div", { class: `plot ${kind}` });
  place.style.minHeight = `${height}px`;
  let width = 0;
  const repaint = () => {
    if (place.clientWidth === 0 || place.clientWidth === width) return;
    width = place.clientWidth;
    place.replaceChildren(paint(width));
  };
  soon(place, () => {
    repaint();
    new ResizeObserver(repaint).observe(place);
  });
  place.again = () => {
    if (width) place.replaceChildren(paint(width));
  };
  return place;
}

/** A drawing of some width and height. */
const canvas = (width, height, ...children) =>
  draw("svg", { width, height, viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" }, ...children);

/** Round numbers between two, about as many as asked for. */
function ticks(from, to, about) {
  const span = to - from;
  if (!(span > 0)) return [from];
  const rough = span / Math.max(1, about);
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = unit * [1, 2, 2.5, 5, 10].find((one) => one * unit >= rough * 0.999);
  const found = [];
  for (let at = Math.ceil(from / step - 1e-9); at * step <= to + step * 1e-9; at += 1) found.push(at * step);
  found.step = step;
  return found;
}

/** Numbers of an axis, with as many digits as its steps need. */
function axisNumber(step) {
  const digits = Math.max(0, Math.min(6, -Math.floor(Math.log10(step) + 1e-9)));
  const needs = digits < 6 && Math.abs(step * 10 ** digits - Math.round(step * 10 ** digits)) > 1e-6 ? digits + 1 : digits;
  return (n) => minus((Math.abs(n) < step * 1e-6 ? 0 : n).toFixed(needs));
}

/** The ends of an axis on which all of these numbers have some room. */
function ends(values, room = 0.06) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (!isNumber(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > high) return [0, 1];
  const more = (high - low) * room || Math.abs(high) * 0.01 || 0.5;
  return [low - more, high + more];
}

/**
 * A frame with two axes. `x` and `y` have `from`, `to` and `label`, and may have `format`; what comes back has the drawing, its
 * inside, and functions that place numbers.
 */
function axes(width, height, x, y, margin = {}) {
  const [top, right, bottom] = [margin.top ?? 12, margin.right ?? 24, 46];
  const rows = ticks(y.from, y.to, Math.max(2, (height - top - bottom) / 48));
  const rowText = y.format || axisNumber(rows.step || 1);
  const left = Math.max(44, 30 + 6.6 * Math.max(...rows.map((row) => rowText(row).length)));
  const [w, h] = [Math.max(40, width - left - right), height - top - bottom];
  const placeX = (n) => left + ((n - x.from) / (x.to - x.from || 1)) * w;
  const placeY = (n) => top + h - ((n - y.from) / (y.to - y.from || 1)) * h;
  const columns = ticks(x.from, x.to, Math.max(2, w / 90));
  const columnText = x.format || axisNumber(columns.step || 1);
  const inside = draw("g", {});
  const svg = canvas(width, height,
    rows.map((row) => [
      draw("line", { class: "grid", x1: left, x2: left + w, y1: placeY(row), y2: placeY(row) }),
      draw("text", { class: "tick", x: left - 7, y: placeY(row) + 4, "text-anchor": "end" }, rowText(row))]),
    columns.map((column) => [
      draw("line", { class: "grid", x1: placeX(column), x2: placeX(column), y1: top, y2: top + h }),
      draw("text", { class: "tick", x: placeX(column), y: top + h + 17, "text-anchor": "middle" }, columnText(column))]),
    draw("text", { class: "axis-label", x: left + w / 2, y: height - 6, "text-anchor": "middle" }, x.label),
    draw("text", { class: "axis-label", x: 12, y: top + h / 2, "text-anchor": "middle",
      transform: `rotate(-90 12 ${top + h / 2})` }, y.label),
    inside);
  return { svg, inside, x: placeX, y: placeY, left, top, right: left + w, bottom: top + h };
}

let nClips = 0;

/** A group of which only what lies within a frame is seen. */
function clipped(frame, ...children) {
  nClips += 1;
  const id = `clip-${nClips}`;
  return draw("g", { "clip-path": `url(#${id})` },
    draw("clipPath", { id }, draw("rect", { x: frame.left, y: frame.top, width: frame.right - frame.left, height: frame.bottom - frame.top })),
    ...children);
}

/** A line through places. */
const path = (places) => places.map(([x, y], at) => `${at ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");

/** A text as long as some pixels allow. */
function shortened(text, width) {
  const n = Math.max(3, Math.floor(width / 7.5));
  const characters = [...text];
  return characters.length > n ? `${characters.slice(0, n - 1).join("")}…` : text;
}

/** How wide the names in front of rows are: as the longest, but no more than a part of the drawing. */
const labelWidth = (texts, width) => Math.min(230, width * 0.32, 12 + 7.2 * Math.max(...texts.map((text) => text.length)));

/** A drawing with what it shows said below. */
const figure = (drawing, ...caption) => make("figure", {}, drawing, make("figcaption", {}, ...caption));

/** The same with what it is said above it. */
const titled = (drawing, ...caption) => make("figure", {}, make("figcaption", {}, ...caption), drawing);

/** What the marks of a drawing stand for: pairs of a class and words. */
const legend = (pairs) => make("ul", { class: "legend" }, pairs.map(([kind, ...text]) => make("li", {}, mark(kind), ...text)));

/** The sign of a legend: a mark of a scatter, or a line. */
function mark(kind) {
  const shape = kind.startsWith("mark") ? pointMark(kind, 9, 7)
    : kind.startsWith("box") ? draw("rect", { class: kind, x: 2, y: 1, width: 13, height: 12, rx: 2 }) : draw("line", { class: kind, x1: 0, x2: 18, y1: 7, y2: 7 });
  return draw("svg", { class: "sign", width: 18, height: 14, "aria-hidden": "true" }, shape);
}

/** A point: a disc, a diamond for what is held out, a square for repeats. */
function pointMark(kind, x, y) {
  if (kind.includes("held_out")) return draw("path", { class: kind, d: `M${x} ${y - 6}L${x + 6} ${y}L${x} ${y + 6}L${x - 6} ${y}Z` });
  if (kind.includes("repeat")) return draw("rect", { class: kind, x: x - 4, y: y - 4, width: 8, height: 8 });
  return draw("circle", { class: kind, cx: x, cy: y, r: 4 });
}
