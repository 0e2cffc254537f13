// What is wrong with a page, as docs/look.py opens it. Each function returns sentences.

const shown = element => element.getClientRects().length > 0;

/** Show what tabs and closed sections hide, and load the pictures that are not in view. */
const openAll = async () => {
    document.querySelectorAll("details").forEach(details => (details.open = true));
    const style = document.createElement("style");
    style.textContent = ".sd-tab-content { display: block !important; }";
    document.head.append(style);
    const pictures = [...document.images];
    pictures.forEach(picture => (picture.loading = "eager"));
    await Promise.allSettled(pictures.map(picture => picture.decode()));
    await window.MathJax?.startup?.promise;
};

/** Faults that do not depend on the window. */
const faultsOfContent = () => {
    const faults = [];
    for (const picture of document.images) {
        const name = picture.getAttribute("src");
        if (!picture.naturalWidth) faults.push(`the picture ${name} is missing`);
        // Without a text, Sphinx repeats the name of the file.
        if (!picture.alt.trim() || picture.alt === name) {
            const cell = picture.closest("div.cell")?.querySelector("pre")?.textContent.trim().split("\n").at(-1);
            faults.push(`the picture ${cell ? `of the cell that ends with \`${cell}\`` : name} has no alt text`);
        }
    }
    for (const error of document.querySelectorAll("mjx-merror")) {
        faults.push(`MathJax reports: ${error.title || error.textContent}`);
    }
    const formulas = [...document.querySelectorAll("article .math")];
    const plain = formulas.filter(formula => !formula.querySelector("mjx-container"));
    if (plain.length) faults.push(`MathJax has not drawn ${plain.length} formulas, first: ${plain[0].textContent}`);
    const blocks = document.querySelectorAll("article div.highlight pre");
    const buttons = document.querySelectorAll("article button.copybtn");
    if (buttons.length < blocks.length) faults.push(`${blocks.length} blocks of code have ${buttons.length} copy buttons`);
    return faults;
};

/** Faults at this width of the window. */
const faultsOfLayout = () => {
    const root = document.documentElement;
    if (root.scrollWidth <= root.clientWidth) return [];
    const wide = [...document.querySelectorAll("article *")].filter(
        element => shown(element) && element.getBoundingClientRect().right > root.clientWidth + 1,
    );
    const named = wide.slice(0, 1).map(element => `, because of ${element.outerHTML.slice(0, 120)}`);
    return [`the page is ${root.scrollWidth} pixels wide${named}`];
};

/** Whether a colour is light. Transparent backgrounds show the colour of the element around them. */
const isLight = (element, property) => {
    const colour = getComputedStyle(element)[property];
    const [red, green, blue, opacity = 1] = colour.match(/[\d.]+/g).map(Number);
    if (opacity < 0.5 && element.parentElement) return isLight(element.parentElement, property);
    const half = colour.startsWith("color(") ? 0.5 : 128;
    return 0.299 * red + 0.587 * green + 0.114 * blue > half;
};

/** Code and outputs whose text is hard to see on their background, in this theme. */
const unreadableCode = () =>
    [...document.querySelectorAll("article pre")]
        .filter(block => shown(block) && isLight(block, "color") === isLight(block, "backgroundColor"))
        .slice(0, 1)
        .map(block => `text and background are both light or dark: ${block.textContent.slice(0, 60)}`);

/** Code in the colours of the other theme. Screens of terminals are always dark. */
const codeOfOtherTheme = theme =>
    [...document.querySelectorAll("article .highlight pre")]
        .filter(block => shown(block) && !block.closest(".terminal") && isLight(block, "backgroundColor") !== (theme === "light"))
        .slice(0, 1)
        .map(block => `code is shown as in the other theme: ${block.textContent.slice(0, 60)}`);

/** Lines of code and outputs that are wider than their block. */
const clippedCode = () =>
    [...document.querySelectorAll("article pre")]
        .filter(block => shown(block) && block.scrollWidth > block.clientWidth + 1)
        .map(block => {
            const line = block.textContent.split("\n").reduce((a, b) => (b.length > a.length ? b : a));
            return `a line of ${line.length} columns is clipped: ${line}`;
        });

const links = () => [...document.links].filter(link => link.protocol === "file:").map(link => link.href);
