const words = "the quick brown fox jumps over the lazy dog and runs away from the angry bear".split(" ");

function main() {
  const counts = new Map();
  let text = "";
  for (let i = 0; i < 4000; i++) {
    const word = words[(i * 7 + (i >> 3)) % words.length];
    text += word + (i % 11 === 0 ? ". " : " ");
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const sentences = text.split(". ").map((s) => s.trim().replace(/(\w)(\w*)/g, (_, a, b) => a.toUpperCase() + b));
  let check = 0;
  for (const sentence of sentences) {
    for (let i = 0; i < sentence.length; i += 3) {
      check = (check * 31 + sentence.charCodeAt(i)) | 0;
    }
  }
  return check + ":" + sentences.length + ":" + [...counts].sort().join(";").length + ":" + text.indexOf("bear. ");
}
