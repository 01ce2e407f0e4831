// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "controllers/plugin/look.h"
#include "install/plan_report.h"
#include "kube/client.h"

namespace bso::controllers {

/// Sends the dry run of every trial, in their order, and tells what each would do or why the server
/// would refuse it. Nothing is written. Fails only when the server gave no verdict (network,
/// overload, somebody wrote in the same moment): then the whole plan is to be made again.
/// `client` and `look` outlive the call, and so do the desired objects that the trials point to.
Task<Result<install::PlanReport>> dry_run(kube::Client& client, Look& look, install::Trials trials);

}  // namespace bso::controllers
