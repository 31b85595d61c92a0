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
