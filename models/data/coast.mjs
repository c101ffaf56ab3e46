// coast.mjs - derives the coastline of the world map from public data.
//
//   npm ci && node coast.mjs           writes coastline.txt beside this file
//   npm ci && node coast.mjs --check   writes nothing; exit code 1 if the file differs
//
// In:  land of Natural Earth at 1:50 million, through the npm package world-atlas (TopoJSON).
// Out: coastline.txt  closed rings, a block of lines each: the word land, or water for a lake in
//                     land, then a point a line, longitude and latitude in tenths of degrees.
//
// What no eye can see on a map of the world is left out: bends of less than 20 km, islands smaller
// than 3,000 km2, and Antarctica, where nobody lives.  The map is cut at 169 degrees west, in the
// Bering Strait: longitudes go from there round to 191 east, so that Asia stays in one piece.
//
// The same input gives the same bytes: rings are sorted by size and then by their first point.

import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const atlas = createRequire(import.meta.url)('world-atlas/land-50m.json');

const BEND_DEGREES = 0.18; // along a meridian
const SMALLEST_KM2 = 3000;
const SOUTHERNMOST = -60;
const CUT = -169;
const KM_PER_DEGREE = 111.195;

// ---- Rings of degrees from TopoJSON -----------------------------------------------------------

// Arcs are differences of whole numbers; number ~i stands for arc i backwards.
function arcsOf({ arcs, transform: { scale, translate } }) {
  return arcs.map((arc) => {
    let x = 0;
    let y = 0;
    return arc.map(([dx, dy]) => {
      x += dx;
      y += dy;
      return [x * scale[0] + translate[0], y * scale[1] + translate[1]];
    });
  });
}

function ringOf(numbers, arcs) {
  const ring = [];
  for (const number of numbers) {
    const arc = number < 0 ? [...arcs[~number]].reverse() : arcs[number];
    ring.push(...arc.slice(0, -1));
  }
  return ring;
}

function readRings() {
  const arcs = arcsOf(atlas);
  const rings = [];
  for (const geometry of atlas.objects.land.geometries)
    for (const polygon of geometry.arcs)
      polygon.forEach((numbers, i) =>
        rings.push({ kind: i === 0 ? 'land' : 'water', points: unrolled(ringOf(numbers, arcs)) }));
  return rings;
}

// Land goes on over 180 degrees where the source begins again on the other side; islands as a whole
// lie on the side of the cut where most of them is.
function unrolled(ring) {
  let before = ring[0][0];
  const points = ring.map(([longitude, latitude]) => {
    before = longitude + 360 * Math.round((before - longitude) / 360);
    return [before, latitude];
  });
  const middle = points.reduce((sum, [longitude]) => sum + longitude, 0) / points.length;
  const turn = 360 * Math.floor((middle - CUT) / 360);
  return points.map(([longitude, latitude]) => [longitude - turn, latitude]);
}

// ---- Geometry ---------------------------------------------------------------------------------

const cosine = (latitude) => Math.cos((latitude * Math.PI) / 180);

// On a cylinder of equal area, so that islands near the poles count as what they are.
function areaKm2(points) {
  const height = ([, latitude]) => Math.sin((latitude * Math.PI) / 180) * (180 / Math.PI);
  let sum = 0;
  points.forEach((a, i) => {
    const b = points[(i + 1) % points.length];
    sum += a[0] * height(b) - b[0] * height(a);
  });
  return (Math.abs(sum) / 2) * KM_PER_DEGREE ** 2;
}

// How far p is from the line between a and b, in degrees along a meridian.
function off(p, a, b) {
  const k = cosine(p[1]);
  const [x, y] = [(b[0] - a[0]) * k, b[1] - a[1]];
  const [u, v] = [(p[0] - a[0]) * k, p[1] - a[1]];
  const length2 = x * x + y * y;
  const t = length2 > 0 ? Math.max(0, Math.min(1, (u * x + v * y) / length2)) : 0;
  return Math.hypot(u - t * x, v - t * y);
}

// Douglas and Peucker: of the points between two that stay, the one furthest off their line stays,
// if it is far enough; and so on either side of it.
function simplify(points, first, last, stays) {
  let furthest = -1;
  let most = BEND_DEGREES;
  for (let i = first + 1; i < last; i++) {
    const distance = off(points[i], points[first], points[last]);
    if (distance > most) {
      most = distance;
      furthest = i;
    }
  }
  if (furthest < 0) return;
  stays[furthest] = true;
  simplify(points, first, furthest, stays);
  simplify(points, furthest, last, stays);
}

// A ring stays closed: its first point, and the one furthest from that, always stay.
function simpler(ring) {
  const points = [...ring, ring[0]];
  const stays = points.map(() => false);
  let furthest = 1;
  for (let i = 1; i < ring.length; i++)
    if (off(points[i], ring[0], ring[0]) > off(points[furthest], ring[0], ring[0])) furthest = i;
  stays[0] = true;
  stays[furthest] = true;
  simplify(points, 0, furthest, stays);
  simplify(points, furthest, ring.length, stays);
  return ring.filter((_, i) => stays[i]);
}

// ---- All of it --------------------------------------------------------------------------------

// Tenths, without points that fall together.
function tenths(points) {
  const rounded = points.map((point) => point.map((degrees) => Math.round(degrees * 10)));
  return rounded.filter(([x, y], i) => {
    const [u, v] = rounded[(i + rounded.length - 1) % rounded.length];
    return x !== u || y !== v;
  });
}

function makeCoastline() {
  const rings = [];
  for (const { kind, points } of readRings()) {
    const area = areaKm2(points);
    const isFarSouth = points.every(([, latitude]) => latitude < SOUTHERNMOST);
    const small = tenths(simpler(points));
    if (area >= SMALLEST_KM2 && !isFarSouth && small.length >= 3)
      rings.push({ kind, area: Math.round(area), points: small });
  }
  return rings.sort((a, b) => (a.kind < b.kind ? -1 : a.kind > b.kind ? 1 : 0) ||
    b.area - a.area || a.points[0][0] - b.points[0][0] || a.points[0][1] - b.points[0][1]);
}

const rings = makeCoastline();
const text = rings.map(({ kind, points }) =>
  `${kind}\n${points.map(([x, y]) => `${x} ${y}\n`).join('')}`).join('\n');
console.log(`${rings.length} rings, ${rings.reduce((n, ring) => n + ring.points.length, 0)} points`);
const file = path.join(here, 'coastline.txt');
if (!process.argv.includes('--check')) fs.writeFileSync(file, text);
else if (!fs.existsSync(file) || fs.readFileSync(file, 'utf8') !== text) {
  console.error('coastline.txt differs from what coast.mjs makes');
  process.exitCode = 1;
}
