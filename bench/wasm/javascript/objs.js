class Shape {
  constructor(x, y) {
    this.x = x;
    this.y = y;
  }
  get area() {
    return 0;
  }
}

class Rectangle extends Shape {
  constructor(x, y, w, h) {
    super(x, y);
    this.w = w;
    this.h = h;
  }
  get area() {
    return this.w * this.h;
  }
}

class Circle extends Shape {
  constructor(x, y, r) {
    super(x, y);
    this.r = r;
  }
  get area() {
    return this.r * this.r * 3;
  }
}

function main() {
  let total = 0;
  for (let round = 0; round < 30; round++) {
    const shapes = [];
    for (let i = 0; i < 500; i++) {
      shapes.push(i % 2 ? new Rectangle(i, round, i % 7, i % 5) : new Circle(i, round, i % 11));
    }
    total += shapes.filter((s) => s.area > 20).map((s) => ({ ...s, area: s.area })).reduce((sum, s) => sum + s.area + s.x, 0);
  }
  return total;
}
