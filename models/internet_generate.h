/*
 * internet_generate.h - a made-up Internet with the shape of the real one.
 *
 * Networks.  15 % sell transit: 16 tier 1 that all peer with each other, with routers in 100 to 200
 * cities; 260 large ones, in 8 to 58 cities around their home; the others are local.  4 % publish
 * content; the rest are stubs.  A graph of fewer than about 4,000 networks has fewer of the large
 * ones.  ASNs are made up and count from 1, the greatest sellers of transit first.
 *
 * Homes.  The city of a network is drawn with probability ~ users^0.75.  Each country has three
 * incumbents for every 30 of its metros, that cover the 30 metros around them; they have 35, 20 and
 * 10 % of the users of each, and local networks the rest, by lognormal sizes (sigma 1.5).  That is
 * an assumption: nothing of the kind is published for all countries.  Every metro with users has
 * some network's home.
 *
 * Transit.  Networks buy from those before them, so that there is no ring and each reaches a
 * tier 1.  How many providers one has follows CAIDA's graph of December 2017 (its statistics, not
 * its networks); who they are is drawn with probability ~
 *
 *     wanted customers * exp(-distance / 700 km) * (same country ? 4 : 1)
 *
 * wanted customers being the distribution of that graph (median 2, p90 18, p99 168), split over the
 * seller's homes.  Every seller of transit has a customer.
 *
 * Peering.  81 % of networks have no peer in what route collectors see, and so here.  The others
 * meet at exchange points in the cities of PoPs: those of their homes and one more, drawn by
 * weight, and find as many peers as networks of that graph have, as far as there are so many
 * different ones: about 8 for each seller of transit, where the real graph has 24.
 *
 * Left out: the 0.4 % of networks without any relation, sibling networks, sea cables and borders
 * that traffic avoids, how many networks a country has for its users.
 *
 * Streams are named by decision and number of the network.  Cost: O(metros^2 + relations); 20,000
 * networks take about 20 ms, 80,000 about 90.
 */
#pragma once

#include "models/internet.h"

typedef struct InternetOptions {
    uint64_t seed;
    uint32_t networks; /* INTERNET_GENERATE_MIN to INTERNET_NETWORKS_MAX */
} InternetOptions;
#define INTERNET_GENERATE_MIN 64
#define INTERNET_DEFAULTS ((InternetOptions){.seed = 1, .networks = 20000})

Internet *internet_generate(const Geo *geo, const InternetOptions *options);
