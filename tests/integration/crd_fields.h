// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "support/api.h"

namespace bso::test {

/// One way to change one field of a BlockStoragePlugin's spec.
struct FieldChange {
  std::string path;     ///< "spec.images.registry", "spec.storageClasses.classes[].name"
  std::string value;    ///< for people
  Json base;            ///< a spec, without the field
  Json changed;         ///< the same with it
  Json reverted;        ///< base, with the field's default written out where it has one
  bool locked = false;  ///< cannot be changed once installed
};

/// Every field of the spec's schema in crds/, with every value of an enumeration, else with one
/// value that is not the default: from the schema's type, or from the example in its description. A
/// field that joins the schema joins this list. Throws TestFailure when a field gives no value:
/// write "Example: ..." into its description.
[[nodiscard]] std::vector<FieldChange> spec_field_changes();

/// A value that the schema does not allow for a field.
struct BadValue {
  std::string path;  ///< as the server names it: "spec.controller.tolerations[0].key"
  std::string why;   ///< "longer than 63"
  Json spec;         ///< a whole spec with it
};

/// For every field of the schema: a value of another type, one outside of each bound, of the
/// enumeration, of the pattern.
[[nodiscard]] std::vector<BadValue> spec_bad_values();

}  // namespace bso::test
