// Loss while training: all models of a proxy, and the one beside the pointer.

/** Points of a drawing, about: more take long to draw and show nothing more. */
const MAX_POINTS = 40_000;

/** What is drawn together: the models of a proxy, but what anneals start from is much longer than they are. */
const drawingOf = (trial) => (trial.role === "base" ? `${trial.proxy}, base` : trial.proxy);

const hasCurve = (trial) => trial.curve.some(([, loss]) => isNumber(loss));

/** The class of a trial's line: by role, arms by their colour. */
function curveClass(trial) {
  if (trial.state === "diverged") return "curve diverged";
  const arms = unique(trials.map((one) => one.arm).filter((arm) => arm !== null));
  return trial.arm === null ? `curve ${trial.role}` : `curve line-${groupClass(arms.indexOf(trial.arm))}`;
}

function curvesSection() {
  const drawn = trials.filter(hasCurve);
  if (!drawn.length) return null;
  const options = unique([...drawn.filter((trial) => trial.role !== "base"), ...drawn].map(drawingOf));
  const largest = options.filter((name) => proxies.includes(name)).pop() || options[0];
  const state = { proxy: laws && options.includes(laws.proxy) ? laws.proxy : largest, from: 0, chosen: null };
  const height = 420;
  const place = plot(height, (width) => curveDrawing(width, height, drawn, state));
  const signs = make("div");
  const search = make("select", { "aria-label": "Highlight a model", on: { change: () => { state.chosen = drawn[Number(search.value)] || null; place.again(); } } });
  const take = (proxy) => {
    Object.assign(state, { proxy, chosen: null });
    const own = drawn.filter((trial) => drawingOf(trial) === proxy);
    signs.replaceChildren(curveLegend(own));
    search.replaceChildren(make("option", { value: "" }, "Highlight…"), ...own.map((trial) => make("option", { value: drawn.indexOf(trial) }, trial.name)));
    place.again();
  };
  take(state.proxy);
  return section("curves", "Loss curves",
    make("div", { class: "lead" }, make("p", {}, "Training loss, as the trainer’s log tells it. Point at a line to see its model."),
      make("div", { class: "controls" }, choice("Proxy", options.map((name) => [name, name]), state.proxy, take, true),
        choice("Part of the run", [[0, "whole run"], [0.5, "last half"]], state.from, (from) => { state.from = from; place.again(); }), search)),
    signs, figure(place, "Lines that leave the frame at the top are the start of training, or have diverged."));
}

function curveLegend(own) {
  const kinds = new Map();
  for (const trial of own) {
    const kind = curveClass(trial);
    const name = trial.state === "diverged" ? "diverged" : roleOf(trial);
    kinds.set(kind, { name, n: (kinds.get(kind)?.n || 0) + 1 });
  }
  return legend([...kinds].map(([kind, { name, n }]) => [kind, crawled(name), make("span", { class: "muted" }, ` ${count(n)}`)]));
}

/** The loss of a curve at some tokens, between its points. */
function lossAt(curve, tokens) {
  let [low, high] = [0, curve.length - 1];
  if (high < 0 || tokens < curve[0][0] || tokens > curve[high][0]) return null;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (curve[middle][0] <= tokens) low = middle;
    else high = middle;
  }
  const [[t, a], [u, b]] = [curve[low], curve[high]];
  return u > t ? a + ((b - a) * (tokens - t)) / (u - t) : a;
}

function curveDrawing(width, height, drawn, state) {
  const own = drawn.filter((trial) => drawingOf(trial) === state.proxy);
  const most = Math.max(24, Math.floor(MAX_POINTS / own.length));
  const lines = own.map((trial) => {
    const points = trial.curve.filter(([, loss]) => isNumber(loss));
    const step = Math.max(1, Math.ceil(points.length / most));
    return { trial, points: points.filter((_, at) => at % step === 0 || at === points.length - 1) };
  });
  const end = lines.reduce((all, line) => Math.max(all, line.points[line.points.length - 1][0]), 1);
  const start = state.from * end;
  // The start of training is so much above the rest that it would press it flat; so is what diverges.
  const seen = lines.filter((line) => line.trial.state !== "diverged").flatMap((line) => line.points.filter(([tokens]) => tokens >= Math.max(start, 0.1 * end)).map(([, loss]) => loss));
  const [from, to] = ends(seen.length ? seen : lines.flatMap((line) => line.points.map(([, loss]) => loss)), 0.04);
  const frame = axes(width, height, { from: start, to: end, label: "training tokens", format: amount }, { from, to, label: "training loss, nats per token" });
  const place = ([tokens, loss]) => [frame.x(tokens), frame.y(loss)];
  // One drawing of all lines of a kind: thousands of elements would be slow.
  const kinds = new Map();
  for (const line of lines) {
    const kind = curveClass(line.trial);
    kinds.set(kind, (kinds.get(kind) || "") + path(line.points.map(place)));
  }
  const order = ([kind]) => (kind.includes("candidate") ? 0 : kind.includes("diverged") ? 2 : 1);
  const all = draw("g", { class: own.length > 200 ? "many" : null }, [...kinds].sort((a, b) => order(a) - order(b)).map(([kind, d]) => draw("path", { class: kind, d })));
  const above = draw("path", { class: "curve lit" });
  frame.inside.append(clipped(frame, all, above));
  const light = (line) => {
    const shown = line || lines.find((one) => one.trial === state.chosen);
    above.setAttribute("d", shown ? path(shown.points.map(place)) : "");
    all.classList.toggle("faded", Boolean(shown));
  };
  const find = (px, py) => {
    const tokens = start + ((px - frame.left) / (frame.right - frame.left)) * (end - start);
    let [found, least] = [null, 24];
    for (const line of lines) {
      const loss = lossAt(line.points, tokens);
      if (loss !== null && Math.abs(frame.y(loss) - py) < least) [found, least] = [line, Math.abs(frame.y(loss) - py)];
    }
    return found;
  };
  light(null);
  return findable(frame.svg, find, light, (line) => trialTip(line.trial));
}
