// The study as all parts of the page see it: harmless texts, names of groups, and numbers as people read them.

/** Characters that command a screen, or turn around what follows them, become a mark. */
const tame = (text) => text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, "\ufffd");

/** The same for everything in the data. Lists of numbers are passed over. */
function tameAll(value) {
  if (typeof value === "string") return tame(value);
  if (Array.isArray(value)) return value.length && typeof value[0] === "number" ? value : value.map(tameAll);
  if (value === null || typeof value !== "object") return value;
  const pairs = Object.entries(value).map(([key, one]) => [tame(key), key === "curve" ? one : tameAll(one)]);
  return Object.fromEntries(pairs);
}

const study = tameAll(report);
const { groups, laws, trials } = study;

const isNumber = (value) => typeof value === "number" && Number.isFinite(value);
const unique = (values) => [...new Set(values)];

/** Names of the proxies that have been trained, from small to large, as the study lists them. */
const proxies = unique(trials.map((trial) => trial.proxy));

const ROLES = { candidate: "candidate", held_out: "held out", repeat: "repeat", arm: "arm", base: "base model" };

/** What a trial is for, in words; of an arm, which one. */
const roleOf = (trial) => (trial.arm !== null ? trial.arm : ROLES[trial.role] || words(trial.role));

const minus = (text) => text.replace("-", "−");

/** A loss: nats per token. */
const nats = (n) => (isNumber(n) ? minus(n.toFixed(Math.abs(n) < 1000 ? 4 : 1)) : "–");

/** A number with its sign, short of what is too small to be seen. */
function signed(n) {
  if (!isNumber(n)) return "–";
  const size = Math.abs(n);
  const text = size > 0 && size < 5e-5 ? size.toExponential(1) : size.toFixed(size < 10 ? 4 : size < 1000 ? 2 : 0);
  return (n < 0 ? "−" : n > 0 ? "+" : "") + minus(text);
}

const rank = (n) => (isNumber(n) ? minus(n.toFixed(2)) : "–");
const interval = (estimate) => `${nats(estimate.low)} to ${nats(estimate.high)}`;
const share = (n) => (isNumber(n) ? percent(n, 1) : "–");
const chance = (p) => (!isNumber(p) ? "–" : p < 0.001 ? "< 0.001" : p.toFixed(3));

/** Tokens and parameters: 2 500 000 as 2.5 M. */
function amount(n) {
  if (!isNumber(n)) return "–";
  const units = ["", "k", "M", "B", "T"];
  let at = 0;
  for (; Math.abs(n) >= 999.5 && at + 1 < units.length; at += 1) n /= 1000;
  const text = Number(n.toPrecision(3)).toString();
  return units[at] ? `${text}\u202f${units[at]}` : text;
}

/** A power of ten as people write it. */
function power(n) {
  if (!isNumber(n) || n === 0) return isNumber(n) ? "0" : "–";
  const at = Math.floor(Math.log10(Math.abs(n)));
  const raised = String(at).replace(/\d/g, (digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit]).replace("-", "⁻");
  return `${(n / 10 ** at).toFixed(1)} × 10${raised}`;
}

/** One thing or several. */
const several = (n, one, more = `${one}s`) => `${count(n)} ${n === 1 ? one : more}`;

/** The class that has a group's colour. There are 20 colours; behind them they begin again. */
const groupClass = (at) => `g${at % 20}`;
const swatch = (kind) => draw("svg", { class: "swatch", viewBox: "0 0 10 10", "aria-hidden": "true" },
  draw("rect", { class: kind, width: 10, height: 10, rx: 2 }));

/** A group's name behind its colour. */
const groupName = (at) => [swatch(groupClass(at)), crawled(groups[at])];

/** What every group has of a mix, the largest first. */
const ranked = (weights) => weights.map((weight, at) => ({ at, weight: weight || 0 })).sort((a, b) => b.weight - a.weight);
