// Puts the page together and makes it answer to keys.

function contents(sections) {
  byId("contents").replaceChildren(...sections.map((one) => {
    const title = one.querySelector("h2").textContent;
    return make("li", {}, make("a", { href: `#${one.id}` }, title));
  }));
  const links = new Map([...byId("contents").querySelectorAll("a")].map((link) => [link.hash.slice(1), link]));
  const watch = new IntersectionObserver((entries) => {
    for (const entry of entries.filter((one) => one.isIntersecting)) {
      links.forEach((link) => link.removeAttribute("aria-current"));
      links.get(entry.target.id).setAttribute("aria-current", "true");
    }
  }, { rootMargin: "-15% 0px -75% 0px" });
  sections.forEach((one) => watch.observe(one));
}

/** Light or dark: as the system says, until the button is pressed. */
function theme() {
  const button = byId("theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (document.documentElement.dataset.theme || (system.matches ? "dark" : "light")) === "dark";
  const show = () => {
    button.setAttribute("aria-pressed", String(isDark()));
    button.textContent = isDark() ? "Light" : "Dark";
    button.setAttribute("aria-label", isDark() ? "Change to light colours" : "Change to dark colours");
    button.removeAttribute("aria-pressed");
  };
  button.addEventListener("click", () => {
    document.documentElement.dataset.theme = isDark() ? "light" : "dark";
    show();
  });
  system.addEventListener("change", show);
  show();
}

/** The filter of everything, and the keys that lead to it and away. */
function filter() {
  const input = byId("filter");
  input.addEventListener("input", () => {
    const wanted = input.value.trim().toLowerCase();
    filtered.forEach((show) => show(wanted));
  });
  document.addEventListener("keydown", (event) => {
    const isTyping = event.target.matches("input:not([type=range]):not([type=radio]), textarea, select");
    if (event.key === "/" && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      input.focus();
      input.select();
    }
    if (event.key === "Escape" && event.target === input) {
      input.value = "";
      input.dispatchEvent(new Event("input"));
      byId("main").focus();
    }
  });
}

/** A link to a step opens it; a link into the page finds its place once that is made. */
function openTarget() {
  const target = location.hash && byId(location.hash.slice(1));
  if (!target) return;
  if (target.tagName === "DETAILS") {
    target.open = true;
    target.querySelector("summary").focus({ preventScroll: true });
  }
  target.scrollIntoView();
}

function start() {
  byId("name").textContent = report.name;
  byId("colophon").textContent = `Written by tokenmill ${report.version}. This page loads nothing and sends nothing.`;
  const parts = [summarySection, funnelSection, stepsSection, metricsSection, groupsSection, clustersSection,
    tokensSection, timesSection, lineageSection];
  const needsSteps = [funnelSection, stepsSection];
  const sections = parts.filter((part) => report.phases.length || !needsSteps.includes(part)).map((part) => part()).filter(Boolean);
  byId("main").append(...sections);
  contents(sections);
  theme();
  filter();
  addEventListener("hashchange", openTarget);
  openTarget();
}

start();
