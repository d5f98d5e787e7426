// The views of syntax that fault points share with the checks, under this part's own names.
#pragma once

#include "detectors/tooling/ast_names.h"
#include "detectors/tooling/function_body.h"

namespace rankle::points {

using tooling::FunctionBody;
using tooling::IsLoop;
using tooling::Outermost;
using tooling::QualifiedName;
using tooling::ResultUsed;
using tooling::StableUsr;
using tooling::TypeName;
using tooling::Written;

}  // namespace rankle::points
