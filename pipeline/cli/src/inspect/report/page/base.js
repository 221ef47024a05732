"use strict";

// Everything below builds elements and sets text. No markup is ever made of data, so a crawl full of tags stays text.

const SVG = "http://www.w3.org/2000/svg";

/** The data of the page, and a way to find elements. */
const report = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);

/** An element with attributes and children; a child that is no element becomes text. */
function make(name, attributes, ...children) {
  return fill(document.createElement(name), attributes, children);
}

/** The same for drawings. */
function draw(name, attributes, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

function fill(element, attributes, children) {
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key === "on") for (const [event, act] of Object.entries(value)) element.addEventListener(event, act);
    else element.setAttribute(key, value === true ? "" : String(value));
  }
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === "") continue;
    element.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return element;
}

/** Text of the crawl: it runs in its own direction and turns nothing around it. */
const crawled = (text, name = "bdi") => make(name, { dir: "auto" }, text);

/** 12345 as 12 345, with spaces that do not break. */
function count(n) {
  return String(Math.round(n)).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

/** A share with as many digits as it deserves. */
function percent(n, all) {
  if (!all) return "–";
  const share = (100 * n) / all;
  if (n > 0 && share < 0.1) return "< 0.1\u202f%";
  if (n < all && share > 99.9) return "> 99.9\u202f%";
  return `${share.toFixed(share === 0 || share === 100 ? 0 : 1)}\u202f%`;
}

/** Bytes in units that people read. */
function bytes(n) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let at = 0;
  for (; n >= 1000 && at + 1 < units.length; at += 1) n /= 1024;
  return `${at === 0 ? n : n.toFixed(n < 10 ? 2 : n < 100 ? 1 : 0)}\u202f${units[at]}`;
}

/** Seconds in units that people read. */
function seconds(n) {
  if (n < 1) return `${Math.round(n * 1000)}\u202fms`;
  if (n < 120) return `${n.toFixed(n < 10 ? 1 : 0)}\u202fs`;
  if (n < 7200) return `${(n / 60).toFixed(1)}\u202fmin`;
  return `${(n / 3600).toFixed(1)}\u202fh`;
}

/** A number of a metric, short. */
function number(n) {
  if (n === null || n === undefined) return "–";
  if (Number.isInteger(n) && Math.abs(n) < 1e9) return (n < 0 ? "−" : "") + count(Math.abs(n));
  const size = Math.abs(n);
  if (size >= 1e9 || (size < 1e-3 && size > 0)) return n.toExponential(2).replace("-", "−");
  if (size >= 1000) return (n < 0 ? "−" : "") + count(size);
  return String(Number(n.toPrecision(size >= 100 ? 4 : 3))).replace("-", "−");
}

/** snake_case as words. */
const words = (name) => name.replaceAll("_", " ");

/** A sentence of the catalogue, in which code stands between backticks. */
const prose = (text) => text.split("`").map((part, at) => (at % 2 ? make("code", {}, part) : part));

/** A name with points and underscores, which may be broken behind them. */
const breakable = (name) => name.split(/(?<=[._])/).flatMap((part, at) => (at ? [make("wbr"), part] : [part]));

/** The number of a phase and what it does, of `p2-map-0123abcd`. */
const phaseName = (folder) => folder.replace(/-[0-9a-f]{8,}$/, "");

/** A bar of a table: how much of the whole, and of this how much is left. */
function bar(share, kept = 1) {
  const width = Math.max(0, Math.min(1, share)) * 100;
  return draw("svg", { class: "bar", viewBox: "0 0 100 8", preserveAspectRatio: "none", "aria-hidden": "true" },
    draw("rect", { class: "lost", x: 0, y: 0, width, height: 8 }),
    draw("rect", { class: "kept", x: 0, y: 0, width: width * kept, height: 8 }));
}

/** A part of the page with a heading, which the contents name. */
function section(id, title, ...children) {
  return make("section", { id, "aria-labelledby": `${id}-title` },
    make("h2", { id: `${id}-title` }, title), ...children);
}

/** Calls `act` when the element is about to be seen or printed, once. */
const soon = (() => {
  const acts = new Map();
  const act = (element) => {
    watch.unobserve(element);
    const wanted = acts.get(element);
    acts.delete(element);
    if (wanted) wanted();
  };
  const watch = new IntersectionObserver((entries) => {
    entries.filter((entry) => entry.isIntersecting).forEach((entry) => act(entry.target));
  }, { rootMargin: "600px" });
  addEventListener("beforeprint", () => [...acts.keys()].forEach(act));
  return (element, wanted) => {
    acts.set(element, wanted);
    watch.observe(element);
  };
})();

/** Whoever shows something that can be filtered, as functions that take the words that are looked for. */
const filtered = [];
const matches = (wanted, ...texts) => wanted === "" || texts.some((text) => text.toLowerCase().includes(wanted));
