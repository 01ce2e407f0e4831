// SPDX-License-Identifier: Apache-2.0
#include "cluster/symbol.h"

#include <catch2/catch.hpp>

using bso::cluster::Symbol;

TEST_CASE("Equal texts are one text, freed with the last holder") {
  const auto before = Symbol::pool_size();
  {
    const Symbol a{"a text nobody else has"};
    Symbol b{"a text nobody else has"};
    CHECK(a == b);
    CHECK(a.view().data() == b.view().data());
    CHECK(Symbol::pool_size() == before + 1);
    Symbol c = b;
    b = Symbol{};
    CHECK(b.empty());
    CHECK(c == "a text nobody else has");
    const Symbol d = std::move(c);
    CHECK(d == a);
    Symbol e = d;
    Symbol& alias = e;
    e = alias;
    CHECK(e == a);
  }
  CHECK(Symbol::pool_size() == before);
}

TEST_CASE("The empty text is no entry") {
  CHECK(Symbol{""}.empty());
  CHECK(Symbol{""} == Symbol{});
  CHECK(Symbol{}.view().empty());
}

TEST_CASE("A text lives while its number is kept") {
  const auto before = Symbol::pool_size();
  std::uint32_t id = 0;
  {
    const Symbol kept{"a text kept by number"};
    kept.keep();
    id = kept.id();
  }
  CHECK(Symbol::pool_size() == before + 1);
  CHECK(Symbol::text_of(id) == "a text kept by number");
  CHECK(Symbol::of(id) == Symbol{"a text kept by number"});
  CHECK(Symbol::of(id).id() == id);
  Symbol::drop(id);
  CHECK(Symbol::pool_size() == before);

  CHECK(Symbol{}.id() == 0);
  CHECK(Symbol::of(0).empty());
  CHECK(Symbol::text_of(0).empty());
  Symbol{}.keep();
  Symbol::drop(0);
}
