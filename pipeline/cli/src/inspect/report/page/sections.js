// The parts of the page that are figures and tables.

function summarySection() {
  const { totals, alarms } = report;
  const tile = (title, value, more) => make("div", { class: "tile" },
    make("dt", {}, title), make("dd", {}, make("strong", { class: value.length > 12 ? "long" : null }, value), more ? make("span", {}, more) : null));
  const tiles = [];
  if (report.phases.length) {
    tiles.push(
      tile("Documents in", count(totals.documents_in), `${bytes(totals.input_bytes)} in ${count(totals.n_inputs)} inputs`),
      tile("Documents kept", count(totals.documents_kept), `${percent(totals.documents_kept, totals.documents_in)} of those in`),
      tile("Text kept", bytes(totals.text_bytes), totals.languages ? `${count(totals.languages)} languages seen` : ""));
  }
  if (totals.tokens !== null) {
    tiles.push(tile("Tokens", count(totals.tokens), totals.shards ? `in ${count(totals.shards)} shards` : ""));
  }
  return section("summary", "Summary", make("dl", { class: "tiles" }, tiles),
    report.gaps.map((gap) => make("p", { class: "note" }, gap)), alarmList(alarms));
}

function alarmList(alarms) {
  const { share, documents } = report.alarm_limits;
  if (!report.phases.length) return null;
  if (!alarms.length) {
    return make("p", { class: "calm" }, `No alarm: no step removed ${Number((100 * share).toPrecision(4))}\u202f% or more of a source, language or domain `,
      `of ${count(documents)} documents or more.`);
  }
  return make("div", { class: "alarms", role: "region", "aria-label": "Alarms" },
    make("h3", {}, alarms.length === 1 ? "One alarm" : `${count(alarms.length)} alarms`),
    make("ul", {}, alarms.map((alarm) => make("li", {},
      make("b", {}, alarm.step), ` removed ${percent(alarm.n_removed, alarm.n_in)} of the ${count(alarm.n_in)} documents of the ${alarm.kind} `,
      crawled(alarm.name)))));
}

/** A table of groups: what came in, what was kept, and which step removed most. */
function groupTable(caption, kind, { n, rows }) {
  if (!rows.length) return null;
  const by = (row) => row.by.map(([step]) => step).join(" ");
  const most = Math.max(1, ...rows.map((row) => row.n_in));
  return table({
    caption, rows, sort: { column: 1, falling: true },
    note: n > rows.length ? `The ${count(rows.length)} with the most documents, of ${count(n)}.` : "",
    columns: [
      { title: kind, value: (row) => row.name, text: (row) => `${row.name} ${by(row)}`, show: (row) => (row.name ? crawled(row.name) : make("em", {}, "none")) },
      { title: "In", number: true, value: (row) => row.n_in, show: (row) => count(row.n_in) },
      { title: "Kept", number: true, value: (row) => row.n_kept, show: (row) => count(row.n_kept) },
      { title: "Removed", number: true, value: (row) => row.n_in - row.n_kept, show: (row) => count(row.n_in - row.n_kept) },
      { title: "Share kept", number: true, value: (row) => row.n_kept / Math.max(1, row.n_in), show: (row) => percent(row.n_kept, row.n_in) },
      { title: make("span", { class: "hidden" }, "Drawn"), kind: "drawn", show: (row) => bar(row.n_in / most, row.n_kept / Math.max(1, row.n_in)) },
      { title: "Mostly removed by", kind: "by", value: (row) => (row.by.length ? row.by[0][0] : ""), show: (row) => mostly(row) },
    ],
  });
}

function mostly(row) {
  if (!row.by.length) return make("span", { class: "muted" }, "–");
  const [step, n] = row.by[0];
  const rest = row.by.slice(1).map(([name, m]) => `${name} ${count(m)}`).join(", ");
  return make("span", { title: rest ? `then ${rest}` : null }, step, make("span", { class: "muted" }, ` ${percent(n, row.n_in - row.n_kept)}`));
}

function groupsSection() {
  const { language, domain, source } = report.groups;
  if (!language.rows.length && !domain.rows.length && !source.rows.length) return null;
  return section("groups", "Languages, domains, sources",
    groupTable("Languages", "Language", language), groupTable("Domains", "Domain", domain), groupTable("Sources", "Source", source));
}

function clustersSection() {
  if (!report.clusters.length) return null;
  return section("clusters", "Duplicates",
    make("p", {}, "Clusters by size: how many documents were brought together, of which one was kept."),
    report.clusters.map((one) => {
      const most = Math.max(1, ...one.sizes.map(([, , , documents]) => documents));
      const caption = `${one.step}: ${count(one.n_clusters)} clusters of ${count(one.n_documents)} documents, the largest of ${count(one.largest)}`;
      return table({ caption, rows: one.sizes, columns: [
        { title: "Documents in a cluster", value: ([low]) => low, show: ([low, high]) => (low === high ? count(low) : `${count(low)}–${count(high)}`) },
        { title: "Clusters", number: true, value: (row) => row[2], show: (row) => count(row[2]) },
        { title: "Documents", number: true, value: (row) => row[3], show: (row) => count(row[3]) },
        { title: make("span", { class: "hidden" }, "Drawn"), kind: "drawn", show: (row) => bar(row[3] / most, row[2] / row[3]) },
      ] });
    }));
}

function tokensSection() {
  const { tokens } = report;
  if (!tokens) return null;
  const sums = (caption, kind, rows) => (rows.length ? table({ caption, rows, sort: { column: 2, falling: true }, columns: [
    { title: kind, value: (row) => row[0], text: (row) => row[0], show: (row) => (row[0] ? crawled(row[0]) : make("em", {}, "none")) },
    { title: "Documents", number: true, value: (row) => row[1], show: (row) => count(row[1]) },
    { title: "Tokens", number: true, value: (row) => row[2], show: (row) => count(row[2]) },
    { title: "Share", number: true, value: (row) => row[2], show: (row) => percent(row[2], tokens.n_tokens) },
    { title: "Tokens a document", number: true, value: (row) => row[2] / Math.max(1, row[1]), show: (row) => count(row[2] / Math.max(1, row[1])) },
    { title: make("span", { class: "hidden" }, "Drawn"), kind: "drawn", show: (row) => bar(row[2] / Math.max(1, rows[0][2])) },
  ] }) : null);
  return section("tokens", "Tokens and shards",
    tokens.tokenizer ? make("p", {}, "Vocabulary: ", make("b", {}, tokens.tokenizer), ".") : null,
    sums("Tokens by language", "Language", tokens.by_language), sums("Tokens by source", "Source", tokens.by_source),
    tokens.dataset ? datasetParts(tokens.dataset) : null);
}

function datasetParts(dataset) {
  const facts = `${count(dataset.n_sequences)} training sequences of ${count(dataset.n_documents)} documents and ${count(dataset.n_tokens)} tokens; packing ${dataset.packing}, format ${dataset.format}, ids as ${dataset.dtype}.`;
  return [make("p", {}, facts), dataset.phases.map((phase) => [
    phase.groups.length > 1 ? table({ caption: `Mix of the phase ${phase.name}`, rows: phase.groups, sort: { column: 2, falling: true }, columns: [
      { title: "Group", value: (row) => row[0], text: (row) => row[0], show: (row) => crawled(row[0]) },
      { title: "Documents", number: true, value: (row) => row[1], show: (row) => count(row[1]) },
      { title: "Tokens", number: true, value: (row) => row[2], show: (row) => count(row[2]) },
      { title: "Share", number: true, value: (row) => row[3], show: (row) => percent(row[3], 1) },
      { title: make("span", { class: "hidden" }, "Drawn"), kind: "drawn", show: (row) => bar(row[3]) },
    ] }) : null,
    table({ caption: `Shards${dataset.phases.length > 1 ? ` of the phase ${phase.name}` : ""}`, rows: phase.shards,
      note: phase.n_shards > phase.shards.length ? `The first ${count(phase.shards.length)} of ${count(phase.n_shards)}.` : "", columns: [
        { title: "Shard", kind: "code", value: (row) => row[0], text: (row) => row[0] },
        { title: "Documents", number: true, value: (row) => row[1], show: (row) => count(row[1]) },
        { title: "Sequences", number: true, value: (row) => row[2], show: (row) => count(row[2]) },
        { title: "Tokens", number: true, value: (row) => row[3], show: (row) => count(row[3]) },
        { title: "Size", number: true, value: (row) => row[4], show: (row) => bytes(row[4]) },
      ] }),
  ])];
}

function timesSection() {
  if (!report.times) return null;
  const rate = (n, row, show) => (n && row.wall ? `${show(n / row.wall)}/s` : "–");
  const rows = report.times.filter((row) => row.n_seen > 0);
  if (!rows.length) return null;
  return section("times", "Throughput",
    make("p", {}, "By phase, from the record of the last attempt of each task. Rates are those of one worker."),
    table({ caption: "What the phases took", rows, columns: [
      { title: "Phase", kind: "phase-name", value: (row) => phaseName(row.folder), text: (row) => row.folder },
      { title: "Tasks", number: true, value: (row) => row.n_tasks, show: (row) => count(row.n_tasks) },
      { title: "Attempts", number: true, value: (row) => row.n_attempts, show: (row) => count(row.n_attempts) },
      { title: "From start to end", number: true, value: (row) => row.elapsed, show: (row) => seconds(row.elapsed) },
      { title: "All tasks", number: true, value: (row) => row.wall, show: (row) => seconds(row.wall) },
      { title: "CPU", number: true, value: (row) => row.cpu, show: (row) => seconds(row.cpu) },
      { title: "Longest task", number: true, value: (row) => row.wall_longest, show: (row) => seconds(row.wall_longest) },
      { title: "Documents", number: true, value: (row) => row.documents / row.wall, show: (row) => rate(row.documents, row, count) },
      { title: "Input", number: true, value: (row) => row.bytes / row.wall, show: (row) => rate(row.bytes, row, bytes) },
      { title: "Peak memory", number: true, value: (row) => row.peak_bytes, show: (row) => (row.peak_bytes ? bytes(row.peak_bytes) : "–") },
    ] }));
}

function lineageSection() {
  const { lineage } = report;
  const code = (text) => make("code", {}, text);
  return section("lineage", "Recipe and lineage",
    table({ caption: "Phases", rows: lineage.phases, columns: [
      { title: "Phase", kind: "phase-name", value: (row) => row.folder, text: (row) => row.folder, show: (row) => phaseName(row.folder) },
      { title: "Fingerprint", kind: "code", value: (row) => row.fingerprint, show: (row) => code(row.fingerprint) },
      { title: "Reads", kind: "wide", value: (row) => row.reads.join(), show: (row) => row.reads.map((one) => one.replace(/-[0-9a-f]{8,}$/, "")).join(", ") || "the source" },
      { title: "Tasks", number: true, value: (row) => row.n_tasks ?? 0, show: (row) => (row.n_tasks === null ? "–" : count(row.n_tasks)) },
      { title: "Objects", number: true, value: (row) => row.n_objects, show: (row) => count(row.n_objects) },
      { title: "Stored", number: true, value: (row) => row.bytes, show: (row) => (row.is_finished ? bytes(row.bytes) : "not ended") },
    ] }),
    lineage.inputs.length ? table({ caption: "Inputs", rows: lineage.inputs,
      note: lineage.n_inputs > lineage.inputs.length ? `The first ${count(lineage.inputs.length)} of ${count(lineage.n_inputs)}.` : "", columns: [
        { title: "Input", value: (row) => row[0], text: (row) => row[0], show: (row) => crawled(row[0]) },
        { title: "Size", number: true, value: (row) => row[1], show: (row) => bytes(row[1]) },
        { title: "Digest or version", kind: "code", value: (row) => row[2], show: (row) => code(row[2]) },
      ] }) : null,
    lineage.assets.length ? table({ caption: "Models, lists and vocabularies", rows: lineage.assets, columns: [
      { title: "Name", value: (row) => row.name, text: (row) => `${row.name} ${row.user}` },
      { title: "Used by", value: (row) => row.user },
      { title: "Kind", value: (row) => row.kind },
      { title: "Licence", value: (row) => row.licence },
      { title: "sha256", kind: "code", value: (row) => row.sha256, show: (row) => code(row.sha256 || "a file of the user’s") },
    ] }) : null,
    lineage.recipe ? make("details", { class: "recipe" }, make("summary", {}, "The recipe, with every default written out"),
      make("pre", { tabindex: "0" }, lineage.recipe)) : null);
}
