// What the page cannot do without a script: the value of one of ten thousand cells under the pointer, and
// folded findings on paper. Texts of the job are only ever set as text.
'use strict';
(() => {
  const tip = document.getElementById('tip');
  const show = (event, text) => {
    tip.textContent = text;
    tip.style.display = 'block';
    const x = Math.min(event.clientX + 14, window.innerWidth - tip.offsetWidth - 8);
    const y = event.clientY + 18 + tip.offsetHeight > window.innerHeight ? event.clientY - tip.offsetHeight - 10 : event.clientY + 18;
    tip.style.left = x + 'px';
    tip.style.top = y + 'px';
  };
  for (const grid of document.querySelectorAll('[data-grid]')) {
    const hit = grid.querySelector('.hit');
    const rows = [...grid.querySelectorAll('[data-values]')];
    const labels = grid.dataset.labels.split('|');
    const heights = rows.map((row) => Number(row.dataset.height));
    const total = heights.reduce((sum, height) => sum + height, 0);
    hit.addEventListener('pointermove', (event) => {
      const box = hit.getBoundingClientRect();
      const column = Math.min(labels.length - 1, Math.floor((event.clientX - box.left) / box.width * labels.length));
      let below = (event.clientY - box.top) / box.height * total, row = 0;
      while (row < rows.length - 1 && below >= heights[row]) below -= heights[row++];
      if (column < 0 || row < 0) return;
      show(event, rows[row].dataset.label + ', ' + labels[column] + '\n' + rows[row].dataset.values.split('|')[column]);
    });
    hit.addEventListener('pointerleave', () => { tip.style.display = 'none'; });
  }
  window.addEventListener('beforeprint', () => {
    for (const details of document.querySelectorAll('details')) details.open = true;
  });
})();
