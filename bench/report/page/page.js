"use strict";
// Makes the columns of sortable tables sort at a click: numbers from the greatest,
// words from the first, and the other way round at the next click. Cells without
// a number stay at the end.
for (const table of document.querySelectorAll("table.sortable")) {
	const heads = [...table.tHead.rows[0].cells];
	heads.forEach((head, column) => {
		const button = document.createElement("button");
		button.type = "button";
		button.textContent = head.textContent;
		head.replaceChildren(button);
		button.addEventListener("click", () => {
			const body = table.tBodies[0];
			const rows = [...body.rows].map((row) => {
				const cell = row.cells[column];
				const value = cell.dataset.value;
				return { row, number: value === "" ? NaN : Number(value), text: cell.textContent };
			});
			const numeric = rows.some((r) => !Number.isNaN(r.number));
			const before = head.getAttribute("aria-sort");
			const down = before ? before === "ascending" : numeric;
			heads.forEach((h) => h.removeAttribute("aria-sort"));
			head.setAttribute("aria-sort", down ? "descending" : "ascending");
			rows.sort((a, b) => {
				if (numeric) {
					if (Number.isNaN(a.number) || Number.isNaN(b.number)) {
						return Number.isNaN(a.number) - Number.isNaN(b.number);
					}
					return down ? b.number - a.number : a.number - b.number;
				}
				return down ? b.text.localeCompare(a.text) : a.text.localeCompare(b.text);
			});
			body.append(...rows.map((r) => r.row));
		});
	});
}
