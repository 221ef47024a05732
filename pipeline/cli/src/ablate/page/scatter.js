// How well the law foretells: predictions against what came of them, and the forms that were tried.

const SCATTERED = ["candidate", "repeat", "held_out"];

function scatterSection() {
  if (!laws) return null;
  const points = trials.filter((trial) => trial.proxy === laws.proxy && isNumber(trial.predicted) && isNumber(trial.objective) && SCATTERED.includes(trial.role));
  if (!points.length) return null;
  points.sort((a, b) => SCATTERED.indexOf(a.role) - SCATTERED.indexOf(b.role));
  const deviation = laws.noise && isNumber(laws.noise.deviation) ? laws.noise.deviation : 0;
  const height = 480;
  const named = {
    candidate: "candidates, each predicted by laws that were fitted without it",
    repeat: "repeats of the prior",
    held_out: "held-out mixes, which no law has seen",
  };
  const kinds = SCATTERED.filter((role) => points.some((point) => point.role === role));
  return section("predictions", "Predicted against actual",
    make("p", {}, `Each mark is a model of ${laws.proxy}. On the line, the law was right; below it, the model is better than predicted.`),
    legend([...kinds.map((role) => [`mark ${role}`, named[role]]), ...(deviation ? [["noise-line", "what chance does: one standard deviation each way"]] : [])]),
    figure(plot(height, (width) => scatter(width, height, points, deviation), "square"), ...scatterCaption()));
}

function scatterCaption() {
  const { held_out: held, noise } = laws;
  const form = laws.forms.find((one) => one.chosen);
  return [
    held
      ? `Held-out mixes: rank correlation ${rank(held.spearman)}, mean error ${nats(held.mean_error)} nats per token, ${several(held.n, "mix", "mixes")}. `
      : "No mix was held out. ",
    form && isNumber(form.spearman) ? `Candidates, by cross-validation: rank correlation ${rank(form.spearman)}. ` : "",
    noise && isNumber(noise.deviation)
      ? `${several(noise.n, "model")} of the same mix differ by ${nats(noise.deviation)} (standard deviation), candidates by ${nats(noise.spread)}.`
      : "How much models of the same mix differ is not known: there are no repeats.",
  ];
}

function scatter(width, height, points, deviation) {
  const [from, to] = ends(points.flatMap((point) => [point.predicted, point.objective]));
  const frame = axes(width, height, { from, to, label: "predicted objective, nats per token" }, { from, to, label: "actual objective, nats per token" });
  const { x, y } = frame;
  const ring = draw("circle", { class: "ring", r: 8, visibility: "hidden" });
  const band = [[from, from - deviation], [to, to - deviation], [to, to + deviation], [from, from + deviation]];
  const small = points.length > 400 ? " small" : "";
  frame.inside.append(clipped(frame,
    deviation ? draw("path", { class: "noise", d: `${path(band.map(([a, b]) => [x(a), y(b)]))}Z` }) : null,
    draw("line", { class: "diagonal", x1: x(from), y1: y(from), x2: x(to), y2: y(to) }),
    points.map((point) => pointMark(`mark ${point.role}${small}`, x(point.predicted), y(point.objective)))), ring);
  const find = (px, py) => {
    let [nearestPoint, least] = [null, 20 ** 2];
    for (const point of points) {
      const far = (x(point.predicted) - px) ** 2 + (y(point.objective) - py) ** 2;
      if (far <= least) [nearestPoint, least] = [point, far];
    }
    return nearestPoint;
  };
  const light = (point) => {
    ring.setAttribute("visibility", point ? "visible" : "hidden");
    if (point) fill(ring, { cx: x(point.predicted), cy: y(point.objective) }, []);
  };
  return findable(frame.svg, find, light, trialTip);
}

/** A trial beside the pointer. */
function trialTip(trial) {
  return [make("b", {}, crawled(trial.name)), make("p", {}, crawled(roleOf(trial)), ", ", crawled(trial.proxy), trial.state === "done" ? "" : `, ${trial.state}`),
    isNumber(trial.objective) ? make("p", {}, `objective ${nats(trial.objective)}`, isNumber(trial.predicted) ? `, predicted ${nats(trial.predicted)}` : "") : null,
    shareList(trial.weights)];
}

function formsSection() {
  if (!laws || !laws.forms.length) return null;
  const low = (row) => row.error - (row.standard_error || 0);
  const high = (row) => row.error + (row.standard_error || 0);
  const scale = [0, Math.max(1e-9, ...laws.forms.filter((row) => isNumber(row.error)).map(high))];
  const drawn = (row) => whisker({ low: low(row), high: high(row), value: row.error }, scale, row.chosen ? "chosen" : "");
  return section("forms", "Forms",
    make("p", {}, prose(laws.reason)),
    new StudyTable({ caption: "Forms of the law", rows: [...laws.forms], columns: [
      names("Form", (row) => row.name, (row) => [crawled(row.name), row.chosen ? [" ", make("span", { class: "tag" }, "chosen")] : ""]),
      numbers("Error", (row) => row.error, (error) => (isNumber(error) ? error.toFixed(3) : "–")),
      numbers("± standard error", (row) => row.standard_error, (error) => (isNumber(error) ? error.toFixed(3) : "–")),
      { title: unseen("Error, drawn"), kind: "drawn", show: (row) => (isNumber(row.error) ? drawn(row) : "") },
      numbers("Rank correlation", (row) => row.spearman, rank),
      { title: "Left out because", kind: "wide", value: (row) => row.left_out, text: (row) => row.left_out || "", show: (row) => crawled(row.left_out || "") },
    ] }).element,
    make("p", { class: "note" }, "Errors are those of cross-validation, as a share of the spread of the losses: 0 foretells everything, 1 nothing."));
}
