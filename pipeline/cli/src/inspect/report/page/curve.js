// What a limit keeps: shares from the bins of a distribution, and exact ones at the limits of the run.

/** The number at an edge of the bins, from 0 to their number. */
function edge(curve, at) {
  const share = at / curve.bins.length;
  if (curve.scale === "log") return curve.from * (curve.to / curve.from) ** share;
  return curve.from + (curve.to - curve.from) * share;
}

/** The edge that is nearest to a number. */
function nearest(curve, value) {
  const share = curve.scale === "log"
    ? Math.log(Math.max(value, curve.from) / curve.from) / Math.log(curve.to / curve.from)
    : (value - curve.from) / (curve.to - curve.from);
  return Math.max(0, Math.min(curve.bins.length, Math.round(share * curve.bins.length)));
}

/** Documents below each edge. */
function belowEdges(curve) {
  const below = [curve.under];
  for (const n of curve.bins) below.push(below[below.length - 1] + n);
  return below;
}

/** Which ends a rule has: `low`, `high` or both. */
const endsOf = (curve) => ["low", "high"].filter((end) => curve[end] !== null && curve.keep !== "is_false");

/**
 * How many documents some limits keep. An end is where a slider stands; where it has not been moved from the limit of the
 * run, the count is exact.
 */
function keptBy(curve, below, places) {
  const moved = (end) => places[end] !== undefined && places[end] !== nearest(curve, curve[end]);
  let removed = 0;
  if (curve.low !== null) removed += moved("low") ? below[places.low] : curve.below;
  if (curve.high !== null) removed += moved("high") ? curve.n - below[places.high] : curve.above;
  const isExact = !endsOf(curve).some(moved);
  return { n: Math.max(0, curve.n - removed), isExact };
}

/** The limit that a place of a slider stands for: a whole number, where the numbers are. */
function limitAt(curve, end, place) {
  if (place === nearest(curve, curve[end])) return curve[end];
  const value = edge(curve, place);
  if (!curve.whole) return value;
  return end === "low" ? Math.ceil(value) : Math.floor(value);
}

/** A drawing of the distribution: bars that are kept and bars that are not, and a line at each limit. */
function histogram(curve, places) {
  const [width, height, n] = [640, 120, curve.bins.length];
  const group = Math.max(1, Math.ceil(n / 64));
  const bars = [];
  for (let at = 0; at < n; at += group) {
    const size = Math.min(group, n - at);
    bars.push({ at, size, n: curve.bins.slice(at, at + size).reduce((a, b) => a + b, 0) / size });
  }
  const most = Math.max(1e-9, ...bars.map((one) => one.n));
  const x = (at) => (at / n) * width;
  const low = places.low ?? (curve.low === null ? 0 : nearest(curve, curve.low));
  const high = places.high ?? (curve.high === null ? n : nearest(curve, curve.high));
  const svg = draw("svg", { class: "histogram", viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", "aria-hidden": "true" });
  for (const one of bars.filter((bar) => bar.n > 0)) {
    const tall = Math.max(1.5, Math.sqrt(one.n / most) * (height - 6));
    const [left, right] = [one.at, one.at + one.size];
    const cuts = [left, ...[low, high].filter((end) => end > left && end < right), right];
    for (let part = 0; part + 1 < cuts.length; part += 1) {
      const middle = (cuts[part] + cuts[part + 1]) / 2;
      svg.append(draw("rect", { class: middle >= low && middle <= high ? "kept" : "lost", x: x(cuts[part]), y: height - tall, height: tall,
        width: Math.max(0.5, x(cuts[part + 1]) - x(cuts[part]) - (part + 2 === cuts.length ? 1 : 0)) }));
    }
  }
  for (const end of endsOf(curve)) {
    const at = x(nearest(curve, curve[end]));
    svg.append(draw("line", { class: "limit", x1: at, x2: at, y1: 0, y2: height }));
    if (places[end] !== undefined && places[end] !== nearest(curve, curve[end])) {
      svg.append(draw("line", { class: "tried", x1: x(places[end]), x2: x(places[end]), y1: 0, y2: height }));
    }
  }
  return svg;
}
