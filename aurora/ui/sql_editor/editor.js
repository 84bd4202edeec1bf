// The SQL editor: CodeMirror where its modules are served, a text area elsewhere; both answer to the same five calls
// (text, selected, replace, insert, focus).

const PAUSE_MS = 400;
const LINES_OF_INFO = 60;
const editors = new WeakMap();

export default function ({ data, parentElement, setStateValue, setTriggerValue }) {
  const host = parentElement.querySelector(".editor");
  let editor = editors.get(host);
  if (!editor) editors.set(host, (editor = new Editor(host, parentElement, data)));
  editor.hear(data, setStateValue, setTriggerValue);
  return () => {
    editors.delete(host);
    editor.close();
  };
}

class Editor {
  constructor(host, root, data) {
    this.data = data;
    this.revision = data.revision;
    this.inserted = data.insert?.id;
    this.ready = open(this, host, root).then((surface) => (this.surface = surface));
  }

  async hear(data, setStateValue, setTriggerValue) {
    Object.assign(this, { data, setStateValue, setTriggerValue });
    await this.ready;
    if (data.revision !== this.revision) {
      this.revision = data.revision;
      this.surface.replace(data.text);
      clearTimeout(this.pause);
    }
    if (data.insert && data.insert.id !== this.inserted) {
      this.inserted = data.insert.id;
      this.surface.insert(data.insert.text);
      this.tell();
    }
  }

  changed() {
    clearTimeout(this.pause);
    this.pause = setTimeout(() => this.tell(), PAUSE_MS);
  }

  // What Python knows of the text: told after a pause, and at once when the focus leaves for a button.
  tell() {
    clearTimeout(this.pause);
    if (!this.surface) return;
    const now = { text: this.surface.text(), selected: this.surface.selected(), revision: this.revision };
    const said = JSON.stringify(now);
    if (said === this.said) return;
    this.said = said;
    this.setStateValue("typed", now);
  }

  run() {
    clearTimeout(this.pause);
    const text = this.surface.text();
    this.setTriggerValue("run", { text, sql: this.surface.selected() || text, revision: this.revision });
    return true;
  }

  format() {
    this.tell();
    this.setTriggerValue("format", true);
    return true;
  }

  close() {
    this.ready.then(() => {
      clearTimeout(this.pause);
      this.surface.close?.();
    });
  }
}

async function open(editor, host, root) {
  const { modules } = editor.data;
  if (modules) {
    try {
      const [cm, lang] = await Promise.all(modules.map((path) => import(new URL(path, location.origin).href)));
      return codemirror(editor, host, root, cm, lang);
    } catch (error) {
      console.warn("The editor's modules cannot be loaded, a plain text area stands in.", error);
      host.replaceChildren();
    }
  }
  return textarea(editor, host);
}

function textarea(editor, host) {
  const area = document.createElement("textarea");
  Object.assign(area, { value: editor.data.text, spellcheck: false, placeholder: editor.data.placeholder, rows: 9 });
  area.setAttribute("aria-label", "SQL");
  area.addEventListener("input", () => editor.changed());
  area.addEventListener("blur", () => editor.tell());
  area.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    event.stopPropagation();
    editor.run();
  });
  host.replaceChildren(area);
  return {
    text: () => area.value,
    selected: () => area.value.slice(area.selectionStart, area.selectionEnd),
    replace: (text) => (area.value = text),
    insert: (text) => {
      area.setRangeText(text, area.selectionStart, area.selectionEnd, "end");
      area.focus();
    },
  };
}

function codemirror(editor, host, root, cm, lang) {
  const { EditorView, EditorSelection } = cm;
  const words = () => editor.data.words;
  const dialect = lang.SQLDialect.define({
    ...words().dialect, charSetCasts: false, doubleDollarQuotedStrings: true, unquotedBitLiterals: false,
    operatorChars: "*+-%<>!=&|~^/:?@", caseInsensitiveIdentifiers: true,
  });
  const keys = [
    { key: "Mod-Enter", run: () => editor.run(), stopPropagation: true },
    { key: "Shift-Alt-f", run: () => editor.format(), stopPropagation: true },
    { key: "Tab", run: (view) => accept(cm, view) },
  ];
  const view = new EditorView({
    doc: editor.data.text, parent: host, root: host.getRootNode(),
    extensions: [
      cm.Prec.highest(cm.keymap.of(keys)),
      cm.basicSetup,
      dialect.language,
      ...sources(cm, lang, dialect, words).map((autocomplete) => dialect.language.data.of({ autocomplete })),
      cm.Prec.highest(cm.syntaxHighlighting(colours(cm))),
      parameters(cm),
      EditorView.lineWrapping,
      cm.placeholder(editor.data.placeholder),
      EditorView.contentAttributes.of({ "aria-label": "SQL", spellcheck: "false", autocapitalize: "off" }),
      EditorView.updateListener.of((update) => update.docChanged && editor.changed()),
      EditorView.domEventHandlers({ blur: () => editor.tell() }),
    ],
  });
  return {
    text: () => view.state.doc.toString(),
    selected: () => view.state.sliceDoc(view.state.selection.main.from, view.state.selection.main.to),
    replace: (text) => {
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text },
                      selection: EditorSelection.cursor(text.length) });
    },
    insert: (text) => {
      view.dispatch(view.state.replaceSelection(text), { scrollIntoView: true });
      view.focus();
    },
    close: () => view.destroy(),
  };
}

// Tab takes what the list of completions offers, and else leaves the editor, as the keyboard expects.
function accept(cm, view) {
  if (!view.dom.querySelector(".cm-tooltip-autocomplete")) return false;
  return cm.runScopeHandlers(view, new KeyboardEvent("keydown", { key: "Enter", keyCode: 13 }), "editor");
}

function sources(cm, lang, dialect, words) {
  let known, ofSchema;
  const schema = (context) => {
    if (known !== words()) {
      known = words();
      ofSchema = lang.schemaCompletionSource({ dialect, schema: tree(known.tables) });
    }
    return ofSchema(context);
  };
  return [schema, (context) => named(cm, context, words())];
}

// Tables with their columns, as CodeMirror wants them: those after a dot, those of an alias.
function tree(tables) {
  const of = ([name, table]) => [
    name,
    {
      self: { label: name, type: "type", detail: table.kind, info: table.about, apply: table.call, boost: 30 },
      children: table.columns.map(column),
    },
  ];
  return Object.fromEntries(Object.entries(tables).map(of));
}

function column(said) {
  const [label, detail] = said.split(" ", 2);
  return { label, type: "property", detail: detail?.toLowerCase() };
}

// What stands without a dot: columns of the tables that the text names, functions, saved questions, keywords.
function named(cm, context, words) {
  const word = context.matchBefore(/[\w$]+/);
  const inside = cm.syntaxTree(context.state).resolveInner(context.pos, -1).name;
  if ((!word && !context.explicit) || /String|Comment|Quoted/.test(inside)) return null;
  const from = word ? word.from : context.pos;
  if (context.state.sliceDoc(from - 1, from) === ".") return null;
  const text = context.state.doc.toString().toLowerCase();
  const options = [...words.fixed ??= fixed(words)];
  const seen = new Set();
  for (const name of new Set(text.match(/[a-z_]\w*/g) ?? [])) {
    for (const said of words.tables[name]?.columns ?? []) {
      const one = { ...column(said), boost: 60 };
      if (!seen.has(one.label)) options.push({ ...one, detail: `${one.detail} · ${name}` });
      seen.add(one.label);
    }
  }
  return { from, options, validFor: /^[\w$]*$/ };
}

function fixed(words) {
  const called = ([label, detail, about]) => ({
    label, detail, type: "function", info: about ? about.slice(0, LINES_OF_INFO * 10) : undefined, boost: 0,
    apply: (view, _, from, to) => {
      const has = view.state.sliceDoc(to, to + 1) === "(";
      view.dispatch({ changes: { from, to, insert: has ? label : `${label}()` },
                      selection: { anchor: from + label.length + 1 } });
    },
  });
  const plain = (type, boost) => (label) => ({ label, type, boost });
  return [
    ...words.functions.map(called),
    ...words.snippets.map(([label, apply]) => ({ label, apply, type: "text", detail: "saved question", info: apply, boost: 10 })),
    ...words.dialect.keywords.split(" ").map(plain("keyword", 20)),
    ...words.dialect.types.split(" ").map(plain("keyword", -20)),
  ];
}

// A parameter (`:since`) looks like the field that asks for it.
function parameters(cm) {
  const mark = cm.Decoration.mark({ class: "parameter" });
  const finder = new cm.MatchDecorator({
    regexp: /(?<![:\w]):[A-Za-z_]\w*/g,
    decorate: (add, from, to, _, view) => {
      if (!/String|Comment/.test(cm.syntaxTree(view.state).resolveInner(from, 1).name)) add(from, to, mark);
    },
  });
  return cm.ViewPlugin.fromClass(
    class {
      constructor(view) { this.marks = finder.createDeco(view); }
      update(update) { this.marks = finder.updateDeco(update, this.marks); }
    },
    { decorations: (plugin) => plugin.marks },
  );
}

// The names of syntax are not exported by themselves, but the styles that come along use them all.
function colours(cm) {
  const tags = {};
  for (const style of [cm.defaultHighlightStyle, cm.oneDarkHighlightStyle])
    for (const { tag } of style.specs) for (const one of [tag].flat()) tags[String(one)] = one;
  const hues = {
    keyword: "keyword", typeName: "type", "standard(name)": "function", string: "string", number: "number",
    bool: "number", null: "number", operator: "operator", punctuation: "operator", comment: "comment", name: "name",
  };
  const specs = Object.entries(hues).filter(([name]) => tags[name]);
  return cm.HighlightStyle.define(specs.map(([name, hue]) => ({ tag: tags[name], color: `var(--sql-${hue})` })));
}
