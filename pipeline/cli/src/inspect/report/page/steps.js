// What each step removed: its reasons, and some of the documents. The inside of a step is made when it is opened.

const stepId = (phase, step) => `step-${phase}-${step}`.replace(/[^\w-]/g, "-");

/** Steps that removed something, in their order. */
function stepsSection() {
  const steps = report.phases.flatMap((phase) => phase.steps.map((step) => ({ phase, step })));
  const items = steps.filter(({ step }) => step.n_removed > 0 || step.stage).map(({ phase, step }) => stepItem(phase, step));
  return section("steps", "Removed, and why",
    make("p", {}, `By step: the reasons, and up to ${report.samples_per_reason} documents of each, as far as their texts were kept.`,
      " Texts are shortened, and what the recipe redacts is masked."),
    items);
}

function stepItem(phase, step) {
  const samples = report.samples.filter((one) => one.phase === phase.folder && one.step === step.name);
  const inside = make("div", { class: "inside" });
  const summary = make("summary", {},
    make("span", { class: "step-name" }, step.name),
    make("span", { class: "step-removed" }, step.n_removed ? `${count(step.n_removed)} removed` : "nothing removed"),
    make("span", { class: "step-share" }, step.n_removed ? percent(step.n_removed, step.n_in) : ""));
  const item = make("details", { class: "step", id: stepId(phase.folder, step.name) }, summary, inside);
  item.addEventListener("toggle", () => {
    if (item.open && !inside.hasChildNodes()) inside.append(...stepInside(step, samples));
  });
  const texts = [step.name, step.stage, ...step.reasons.map(([reason]) => reason),
    ...samples.flatMap((one) => [one.url, one.text, one.lang])];
  filtered.push((wanted) => { item.hidden = !matches(wanted, ...texts); });
  return item;
}

function stepInside(step, samples) {
  const parts = [make("p", { class: "about" }, prose(step.about))];
  if (step.reasons.length) {
    parts.push(make("table", { class: "reasons" },
      make("caption", { class: "hidden" }, `Reasons of ${step.name}`),
      make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "Removed because"),
        make("th", { scope: "col", class: "number" }, "Documents"), make("th", { scope: "col", class: "number" }, "Of those in"),
        make("th", { scope: "col" }, make("span", { class: "hidden" }, "Share")))),
      make("tbody", {}, step.reasons.map(([reason, n]) => make("tr", {},
        make("th", { scope: "row" }, words(reason)), make("td", { class: "number" }, count(n)),
        make("td", { class: "number" }, percent(n, step.n_in)), make("td", {}, bar(n / step.n_removed)))))));
  }
  parts.push(...samples.map(sampleCard));
  if (step.n_removed && !samples.length) parts.push(make("p", { class: "note" }, "The texts of these documents were not kept; run.removed says of how many they are."));
  return parts;
}

/** One removed document. */
function sampleCard(sample) {
  const judged = sample.metric
    ? `${words(sample.reason)}: ${words(sample.metric)} ${number(sample.value)}, limit ${number(sample.limit)}`
    : words(sample.reason);
  const more = sample.text ? `${count(sample.n_chars)} characters` : "no text";
  return make("article", { class: "sample" },
    make("p", { class: "sample-head" }, make("strong", {}, judged),
      sample.lang ? make("span", { class: "tag" }, crawled(sample.lang)) : null, make("span", { class: "muted" }, more)),
    make("p", { class: "url" }, crawled(sample.url || "no address")),
    sample.evidence ? make("p", { class: "muted" }, "Evidence: ", crawled(sample.evidence)) : null,
    sample.text ? make("blockquote", { dir: "auto" }, sample.text) : null,
    make("p", { class: "id" }, make("code", {}, sample.id)));
}
