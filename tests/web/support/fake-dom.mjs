// As much of a document as panels use: elements that are what they were told, found by id, class or data attribute.
//
//   const dom = createDom();            // sets globalThis.document, as a page has it
//   dom.document.body.append(dom.make("div", { id: "alarms" }));
//   dom.click(element); dom.key(element, "Escape");
//   dom.all(".alarm")                   // those that are seen: neither they nor what they are in is hidden

class Element {
  constructor(dom, tag) {
    Object.assign(this, { dom, tag, children: [], parent: null, attributes: new Map(), listeners: [], dataset: {}, style: {}, hidden: false });
    this.className = "";
    this.words = "";
    const classes = () => new Set(this.className.split(" ").filter(Boolean));
    this.classList = {
      contains: (name) => classes().has(name),
      toggle: (name, wanted) => {
        const all = classes();
        if (wanted) all.add(name);
        else all.delete(name);
        this.className = Array.from(all).join(" ");
      },
    };
  }
  get id() {
    return this.getAttribute("id") ?? "";
  }
  set id(value) {
    this.setAttribute("id", value);
  }
  get href() {
    return this.getAttribute("href");
  }
  set href(value) {
    this.setAttribute("href", value);
  }
  get firstChild() {
    return this.children[0] ?? null;
  }
  get textContent() {
    return this.words + this.children.map((child) => child.textContent).join("");
  }
  set textContent(text) {
    this.children = [];
    this.words = text;
  }
  get offsetParent() {
    return this.isSeen ? this.parent : null;
  }
  get isSeen() {
    return !this.hidden && (this.parent ? this.parent.isSeen : this === this.dom.document.body);
  }
  setAttribute(name, value) {
    this.attributes.set(name, String(value));
  }
  getAttribute(name) {
    return this.attributes.get(name) ?? null;
  }
  removeAttribute(name) {
    this.attributes.delete(name);
  }
  append(...more) {
    for (const child of more) this.insertBefore(child, null);
  }
  insertBefore(child, before) {
    child.remove();
    const at = before ? this.children.indexOf(before) : this.children.length;
    this.children.splice(at, 0, child);
    child.parent = this;
  }
  remove() {
    if (this.parent) this.parent.children = this.parent.children.filter((child) => child !== this);
    this.parent = null;
  }
  replaceChildren(...more) {
    this.words = "";
    this.children = [];
    this.append(...more);
  }
  contains(other) {
    return other === this || this.children.some((child) => child.contains(other));
  }
  /** "#id", ".class", "[data-name]", "tag", each with ":not([hidden])" or not. */
  matches(selector) {
    const [, wanted, shown] = /^(.*?)(:not\(\[hidden\]\))?$/.exec(selector);
    if (shown && this.hidden) return false;
    if (wanted.startsWith("#")) return this.id === wanted.slice(1);
    if (wanted.startsWith(".")) return this.classList.contains(wanted.slice(1));
    const data = /^\[data-(.*)\]$/.exec(wanted);
    if (data) return data[1].replace(/-(.)/g, (_, letter) => letter.toUpperCase()) in this.dataset;
    return this.tag === wanted;
  }
  hasAttribute(name) {
    return this.attributes.has(name);
  }
  closest(selector) {
    return this.matches(selector) ? this : this.parent ? this.parent.closest(selector) : null;
  }
  querySelectorAll(selector) {
    return this.children.flatMap((child) => [...(child.matches(selector) ? [child] : []), ...child.querySelectorAll(selector)]);
  }
  querySelector(selector) {
    return this.querySelectorAll(selector)[0] ?? null;
  }
  getBoundingClientRect() {
    return { top: 0, left: 0, width: 100, height: 100 };
  }
  addEventListener(name, listener) {
    this.listeners.push([name, listener]);
  }
  happen(event) {
    for (const [name, listener] of this.listeners) if (name === event.type) listener(event);
    if (this.parent) this.parent.happen(event);
    else this.dom.document.happen(event);
  }
  focus() {
    this.dom.document.activeElement = this;
  }
}

export function createDom() {
  const listeners = [];
  const dom = {
    Element,
    make(tag, attributes = {}) {
      const element = new Element(dom, tag);
      for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
      return element;
    },
    click: (target, detail = 1) => target.happen({ type: "click", target, detail, stopPropagation() {} }),
    key: (target, key) => target.happen({ type: "keydown", target, key, stopPropagation() {} }),
    all: (selector) => dom.document.body.querySelectorAll(selector).filter((element) => element.isSeen),
  };
  dom.document = {
    visibilityState: "visible",
    createElement: (tag) => new Element(dom, tag),
    createElementNS: (_, tag) => new Element(dom, tag),
    getElementById: (id) => dom.document.body.querySelector(`#${id}`),
    querySelectorAll: (selector) => dom.document.body.querySelectorAll(selector),
    addEventListener: (name, listener) => listeners.push([name, listener]),
    happen(event) {
      for (const [name, listener] of listeners) if (name === event.type) listener(event);
    },
  };
  dom.document.body = new Element(dom, "body");
  dom.document.activeElement = dom.document.body;
  Object.assign(globalThis, { document: dom.document, HTMLElement: Element });
  return dom;
}
