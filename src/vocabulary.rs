//! Enums whose values have one word each: what they are called outside the program.

macro_rules! vocabulary {
    ($(#[$about:meta])* $name:ident { $($(#[$of_value:meta])* $value:ident = $word:literal,)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$of_value])* $value,)* }

        impl $name {
            pub const ALL: [$name; [$($word),*].len()] = [$($name::$value),*];

            pub const fn word(self) -> &'static str {
                match self { $($name::$value => $word,)* }
            }
        }
    };
}

pub(crate) use vocabulary;
