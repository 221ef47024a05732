// What was asked, where it stands, what came of it, and what should be known before it is believed.

const QUESTIONS = {
  mix: "Which mix of the groups gives the lowest loss?",
  compare: "Which of the arms is better, with the same budget and the same seeds?",
  anneal: "What is the candidate worth in the last part of a training run?",
};

/** How many trials stand where, in words. */
function states() {
  const order = ["done", "diverged", "failed", "waiting"];
  const all = unique([...order, ...trials.map((trial) => trial.state)]);
  const parts = all.map((state) => [state, trials.filter((trial) => trial.state === state).length]).filter(([, n]) => n > 0);
  return parts.map(([state, n]) => `${count(n)} ${state}`).join(", ") || "none yet";
}

/** What of the objective each group's loss is. */
function objectiveWords() {
  const parts = ranked(study.objective).filter((one) => one.weight > 0);
  const isEven = parts.length === groups.length && parts.every((one) => Math.abs(one.weight - parts[0].weight) < 1e-9);
  if (isEven) return [`The objective is the mean of the held-out losses of ${several(groups.length, "group")}, in nats per token; less is better.`];
  const shown = parts.slice(0, 6).flatMap(({ at, weight }, n) => [n ? ", " : "", share(weight), " ", crawled(groups[at])]);
  const rest = parts.length > 6 ? `, and ${parts.length - 6} more` : "";
  return ["The objective is made of held-out losses, in nats per token; less is better: ", ...shown, `${rest}.`];
}

function summarySection() {
  const tile = (title, value, more) => make("div", { class: "tile" },
    make("dt", {}, title), make("dd", {}, make("strong", { class: value.length > 12 ? "long" : null }, value), more ? make("span", {}, more) : null));
  const nDone = trials.filter((trial) => trial.state === "done").length;
  const tiles = [tile("Models done", count(nDone), `of ${count(trials.length)}, at ${several(proxies.length, "proxy", "proxies")}`)];
  const [best, prior] = laws ? laws.mixes : [];
  if (best) tiles.push(tile("Predicted objective", nats(best.objective.value), prior ? `the prior: ${nats(prior.objective.value)}` : ""));
  if (laws && laws.held_out) {
    const { n, spearman, mean_error: error } = laws.held_out;
    tiles.push(tile("Rank correlation, held out", rank(spearman), `${several(n, "mix", "mixes")}, mean error ${nats(error)}`));
  }
  if (study.costs.length) {
    const sum = (key) => study.costs.reduce((all, cost) => all + cost[key], 0);
    tiles.push(tile("Operations", power(sum("flops")), `${amount(sum("tokens"))} training tokens`));
  }
  return section("summary", "Summary",
    make("p", { class: "question" }, QUESTIONS[study.question] || study.question),
    make("p", { class: "states" }, `${several(trials.length, "model")}: ${states()}.`),
    findings(),
    make("dl", { class: "tiles" }, tiles),
    make("p", { class: "note" }, ...objectiveWords()),
    cautionList());
}

/** What came of it, in a sentence or a few. */
function findings() {
  const said = [mixFinding(), ...study.differences.filter((one) => one.measure === "objective").slice(0, 6).map(armFinding)];
  const shown = said.filter(Boolean);
  return shown.length ? make("ul", { class: "findings" }, shown.map((one) => make("li", {}, one))) : null;
}

function mixFinding() {
  const [best, prior] = laws ? laws.mixes : [];
  if (!best || !prior) return null;
  const gain = prior.objective.value - best.objective.value;
  const text = [make("strong", {}, `${nats(Math.abs(gain))} nats per token ${gain >= 0 ? "below" : "above"} the prior`),
    ` is what the law predicts for the proposed mix, at ${laws.proxy}`];
  const deviation = laws.noise && laws.noise.deviation;
  if (!deviation) return [...text, "."];
  const times = Math.abs(gain) / deviation;
  return [...text, times < 2
    ? `: no more than what chance does to models of the same mix, which differ by ${nats(deviation)}.`
    : `: ${times < 10 ? times.toFixed(1) : Math.round(times)} times what chance does to models of the same mix.`];
}

function armFinding(one) {
  const { difference, proxy } = one;
  const where = proxies.length > 1 ? ` at ${proxy}` : "";
  const name = make("strong", {}, crawled(one.arm));
  const range = `95\u202f% interval ${signedInterval(difference)}`;
  if (verdict(one) === "not told apart") {
    return [name, " is not told apart from ", crawled(one.baseline), `${where}: ${signed(difference.value)} nats per token (${range}).`];
  }
  return [name, ` is ${verdict(one)} than `, crawled(one.baseline), `${where} by ${nats(Math.abs(difference.value))} nats per token (${range}).`];
}

function cautionList() {
  const all = [...(study.no_laws ? [`There is no law: ${study.no_laws}`] : []), ...study.cautions];
  if (!all.length) return null;
  return make("div", { class: "alarms cautions", role: "region", "aria-label": "Cautions" },
    make("h3", {}, all.length === 1 ? "Before this is believed" : `Before this is believed: ${count(all.length)} cautions`),
    make("ul", {}, all.map((text) => make("li", { dir: "auto" }, prose(text)))));
}
