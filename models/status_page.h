/*
 * status_page.h - whether the public can reach the status page.
 *
 * Hosted elsewhere it is up, whatever happens here, unless the scenario takes it down by
 * coincidence.  With status_page.site it stands behind the edge it reports on: every ten seconds
 * the site's counters of the last minute are read, and it is down while more of its attempts fail
 * than succeed.  Both may hold it down; status_page_is_up says whether either does.
 *
 * Journal: status.down and status.up, entity "status-page", caused by the fault, or by nothing when
 * its site fails.  Left out: pages that are up but show old figures.
 */
#pragma once

#include "models/books.h"

typedef struct StatusPage StatusPage;

StatusPage *status_page_attach(Sim *sim, const World *world, const Books *books);
/* A fault takes it down or lets it come back; calls nest. */
void status_page_set_down(StatusPage *page, bool is_down, uint32_t cause);
bool status_page_is_up(const StatusPage *page);
