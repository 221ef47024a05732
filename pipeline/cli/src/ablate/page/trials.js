// All models, to be sorted and filtered.

function trialsSection() {
  if (!trials.length) return null;
  const isComparison = trials.some((trial) => trial.arm !== null);
  const tests = unique(trials.flatMap((trial) => Object.keys(trial.scores)));
  const name = () => names("Model", (row) => row.name);
  const views = {
    overview: () => [
      name(),
      names(isComparison ? "Arm" : "Role", roleOf, (row) => crawled(roleOf(row))),
      names("Proxy", (row) => row.proxy),
      { ...names("State", (row) => row.state, stateTag), kind: "state" },
      { title: unseen("Shares, drawn"), kind: "stacked", show: (row) => stack(row.weights, row.name) },
      numbers("Objective", (row) => row.objective, nats),
      ...(trials.some((trial) => isNumber(trial.predicted)) ? [numbers("Predicted", (row) => row.predicted, nats)] : []),
      numbers("Took", (row) => row.seconds, (n) => (isNumber(n) ? seconds(n) : "–")),
      ...(trials.some((trial) => trial.reason) ? [{ title: "Reason", kind: "reason", value: (row) => row.reason, text: (row) => row.reason || "", show: reason }] : []),
    ],
    shares: () => [name(), ...byGroup((row) => row.weights, share)],
    losses: () => [name(), numbers("Objective", (row) => row.objective, nats), ...byGroup((row) => row.losses, nats)],
    epochs: () => [name(), ...byGroup((row) => row.epochs, (n) => (isNumber(n) ? n.toFixed(2) : "–"))],
    training: () => [name(), numbers("Tokens", (row) => row.tokens, amount), numbers("Seed", (row) => row.seed, String),
      numbers("Last training loss", (row) => lastLoss(row), nats), numbers("Took", (row) => row.seconds, (n) => (isNumber(n) ? seconds(n) : "–"))],
    tests: () => [name(), ...tests.map((test) => numbers(crawled(test), (row) => row.scores[test] ?? null, number))],
  };
  const rows = new StudyTable({ caption: "Models", rows: [...trials], columns: views.overview() });
  const some = (title, value) => {
    const values = unique(trials.map(value));
    const withCount = (one) => [one, `${one} (${count(trials.filter((row) => value(row) === one).length)})`];
    return values.length < 2 ? null : anyOf(`Any ${title}`, values.map(withCount),
      (wanted) => rows.pick(title, wanted === null ? null : (row) => value(row) === wanted));
  };
  rows.control(some("state", (row) => row.state), some(isComparison ? "arm" : "role", roleOf), some("proxy", (row) => row.proxy));
  const options = ["overview", "shares", "losses", "epochs", "training", ...(tests.length ? ["tests"] : [])].map((view) => [view, view]);
  return section("trials", "Trials",
    make("div", { class: "lead" },
      make("p", {}, "Every model: what it was for, what it was trained on, and what came of it. Losses are held-out ones, in nats per token; epochs say how often the tokens of a group were used."),
      choice("Columns", options, "overview", (view) => rows.take(views[view]()))),
    groupLegend(), rows.element);
}

const stateTag = (row) => make("span", { class: row.state === "done" ? null : `tag ${row.state}` }, row.state);

/** The training loss that a log tells last. */
const lastLoss = (row) => row.curve.map(([, loss]) => loss).filter(isNumber).pop() ?? null;

/** Why a model is not done: a line, and what the trainer said if there is more. */
function reason(row) {
  const text = row.reason || "";
  const first = text.split("\n")[0];
  if (first === text && text.length < 100) return crawled(text);
  return make("details", {}, make("summary", {}, crawled(first.length > 100 ? `${first.slice(0, 100)}…` : first)), make("pre", { tabindex: "0", dir: "auto" }, text));
}
