// What a page has around its parts: contents, light or dark, and the filter of all tables.

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
    button.textContent = isDark() ? "Light" : "Dark";
    button.setAttribute("aria-label", isDark() ? "Change to light colours" : "Change to dark colours");
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
