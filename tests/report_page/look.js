// Looks at the rendered page as a reader would; report_page_test.py evaluates it and calls the functions.
'use strict';
window.look = (() => {
  const box = (element) => element.getBoundingClientRect();

  // "#rrggbb", "rgb()" or "rgba()" as numbers; null: transparent, or no plain colour.
  const colour = (text) => {
    const parts = text.match(/^rgba?\(([\d.]+), ([\d.]+), ([\d.]+)(?:, ([\d.]+))?\)$/);
    return !parts || parts[4] === '0' ? null : parts.slice(1, 4).map(Number);
  };
  // WCAG 2.1: relative luminance, contrast ratio.
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((c) => c / 255).map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a, b) => {
    const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (high + 0.05) / (low + 0.05);
  };

  // What is painted behind a point, the texts themselves apart.
  const ground = (x, y) => {
    for (const element of document.elementsFromPoint(x, y)) {
      const style = getComputedStyle(element), drawn = element instanceof SVGGeometryElement;
      const found = drawn ? colour(style.fill) : colour(style.backgroundColor);
      if (found) return found;
    }
    return null;
  };
  const texts = () => {
    const found = [], walker = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const parent = walker.currentNode.parentElement;
      if (!walker.currentNode.data.trim() || parent.closest('title') || !box(parent).width || !parent.checkVisibility()) continue;
      const range = document.createRange();
      range.selectNodeContents(walker.currentNode);
      found.push({ text: walker.currentNode.data.trim(), parent, box: range.getBoundingClientRect() });
    }
    return found;
  };
  const gridOf = (name) => document.querySelector(`[data-grid="${name}"]`);
  const middleOf = (name, row, column) => {
    const grid = gridOf(name), hit = grid.querySelector('.hit');
    const rows = [...grid.querySelectorAll('[data-values]')].map((r) => Number(r.dataset.height));
    const above = rows.slice(0, row).reduce((sum, height) => sum + height, 0);
    return new DOMPoint(hit.x.baseVal.value + hit.width.baseVal.value * (column + 0.5) / Number(grid.dataset.columns),
                        hit.y.baseVal.value + above + rows[row] / 2);
  };
  const labels = (svg) => [...svg.querySelectorAll('text')].map((text) => ({ text: text.textContent, box: box(text) }));

  return {
    // Texts with less contrast than `least` to what is behind them. The viewport must hold the whole page.
    faint: (least) => texts().flatMap(({ text, parent, box }) => {
      const style = getComputedStyle(parent);
      const front = colour(parent instanceof SVGElement ? style.fill : style.color);
      const back = ground(box.left + box.width / 2, box.top + box.height / 2);
      if (!front || !back) return [`${text}: colours are not known`];
      const ratio = contrast(front, back);
      return ratio < least ? [`${text}: ${ratio.toFixed(2)}`] : [];
    }),
    countTexts: () => texts().length,
    // Labels of one drawing that lie over each other, or outside of it.
    collisions: () => [...document.querySelectorAll('.draw svg')].flatMap((svg) => {
      const all = labels(svg), frame = box(svg), found = [];
      all.forEach(({ text, box: a }, i) => {
        if (a.left < frame.left - 1 || a.right > frame.right + 1 || a.top < frame.top - 1 || a.bottom > frame.bottom + 1)
          found.push(`${svg.id}: '${text}' is cut off`);
        for (const { text: other, box: b } of all.slice(i + 1)) {
          // Line boxes are higher than letters: 3 pixels of overlap cannot be seen.
          if (a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 3 && b.top < a.bottom - 3)
            found.push(`${svg.id}: '${text}' and '${other}'`);
        }
      });
      return found;
    }),
    // Rows, columns and the number of values of a grid.
    grid: (name) => {
      const grid = gridOf(name);
      if (!grid) return null;
      const rows = [...grid.querySelectorAll('[data-values]')];
      return { rows: Number(grid.dataset.rows), columns: Number(grid.dataset.columns),
               labels: rows.map((row) => row.dataset.label),
               values: rows.map((row) => row.dataset.values.split('|').length) };
    },
    // Class of what is painted in a cell.
    cell: (name, row, column) => {
      const middle = middleOf(name, row, column);
      const tile = [...gridOf(name).querySelectorAll('path')].find((path) => path.isPointInFill(middle));
      return tile ? tile.getAttribute('class') : null;
    },
    // Is there an outline around the cell?
    outlined: (name, row, column) => [...gridOf(name).ownerSVGElement.querySelectorAll('.outline')].some(
        (rect) => rect.isPointInFill(middleOf(name, row, column))),
    centre: (selector) => {
      const element = document.querySelector(selector);
      element.scrollIntoView({ block: 'center' });
      const b = box(element);
      return [b.left + b.width / 2, b.top + b.height / 2];
    },
    all: (selector) => [...document.querySelectorAll(selector)].map((element) => element.textContent),
    count: (selector) => document.querySelectorAll(selector).length,
    height: () => document.documentElement.scrollHeight,
    overflows: () => document.documentElement.scrollWidth > window.innerWidth,
  };
})();
