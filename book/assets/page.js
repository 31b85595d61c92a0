{
  // A box that scrolls sideways (a long formula, a wide table) can be reached and scrolled with the keyboard.
  const formulas = document.querySelectorAll(".math-inline");
  const boxes = document.querySelectorAll(".math-inline, .math-block, .pst-scrollable-table-container, .cell_output .text_html");

  function check() {
    for (const formula of formulas) {
      formula.classList.remove("wide");
      const room = formula.closest("p, li, td, th, dd, summary, div").clientWidth;
      formula.classList.toggle("wide", room > 0 && formula.getBoundingClientRect().width > room);
    }
    for (const box of boxes) {
      if (box.scrollWidth > box.clientWidth && box.clientWidth) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    }
  }

  new ResizeObserver(check).observe(document.body);
  document.fonts.addEventListener("loadingdone", check);
  document.addEventListener("toggle", check, true); // a quiz that opens

  // A term says what it means when the pointer rests on it or the keyboard reaches it; a click leads to the glossary.
  const card = document.createElement("div");
  card.className = "meaning";
  card.hidden = true;
  document.body.append(card);

  function explain({ currentTarget: term }) {
    card.textContent = term.dataset.meaning;
    card.hidden = false;
    const { left, top, bottom } = term.getBoundingClientRect();
    const room = document.documentElement.clientWidth - card.offsetWidth - 8;
    card.style.left = `${Math.max(8, Math.min(left, room))}px`;
    const above = bottom + card.offsetHeight + 8 > innerHeight;
    card.style.top = `${above ? top - card.offsetHeight - 6 : bottom + 6}px`;
  }
  const hide = () => { card.hidden = true; };

  for (const term of document.querySelectorAll("a.term[title]")) {
    term.dataset.meaning = term.title;
    term.setAttribute("aria-description", term.title);
    term.removeAttribute("title");
    term.addEventListener("pointerenter", (event) => event.pointerType === "mouse" && explain(event));
    term.addEventListener("focus", explain);
    for (const end of ["pointerleave", "blur"]) term.addEventListener(end, hide);
  }
  document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
  document.addEventListener("scroll", hide, { passive: true });
}
